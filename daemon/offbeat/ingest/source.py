"""The contract of a source: an append-only log of messages that may still grow.

State is a fold of this log, so a source must be able to tell it twice: `read` gives what is in the log from
any offset on, `start` pushes what comes after. Offsets are int64, grow with every batch, and mean nothing but
order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

RawMessage = tuple[str, bytes, int]
"""Topic, payload, flags of the publish (bit 0 retained, bits 1-2 QoS, bit 3 duplicate), bit 8 oversize."""

RETAINED = 0x01
DUPLICATE = 0x08
LISTENING: RawMessage = ("$offbeat/listening", b"on", 0)
DEAF: RawMessage = ("$offbeat/listening", b"off", 0)
"""Marks that a source writes into its log when it begins to hear the broker and when it no longer does: who is not
heard meanwhile need not be silent. It writes the first anew when its clock was set: from then on log time is another
one. In the log they decide the same in every replay. No broker delivers such a topic."""
OVERSIZE = 0x100
"""The payload was longer than the limit and is not there: only that it came is known."""


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Messages that entered the log together.

    Attributes:
        first_offset: where the batch begins in the log.
        next_offset: where the next batch begins: reading on from here skips nothing and repeats nothing.
        arrival_seconds: when the messages came, unix seconds; the same in every reading of the log.
        messages: in order of arrival, at least one.
    """

    first_offset: int
    next_offset: int
    arrival_seconds: float
    messages: list[RawMessage]

    @property
    def listening_since(self) -> float | None:
        """For a batch that is a mark: the log time from which on sensors are heard, infinite for never."""
        if not self.messages or self.messages[0][0] != LISTENING[0]:
            return None
        return self.arrival_seconds if self.messages[0] == LISTENING else math.inf


Deliver = Callable[[LogBatch], None]
"""Takes a new batch; called in the source's own thread; returns at once and does not raise."""


class Source(Protocol):
    """A log of messages. Everything but `commit` belongs to one owner thread.

    Laws, held by one suite for every implementation: offsets are strictly growing and `read` skips nothing;
    reading twice gives the same; reading from the `next_offset` of a batch gives exactly what follows it;
    what `start` delivered is found by a later `read`; `commit` never takes away what lies at its offset or
    behind it.
    """

    @property
    def next_offset(self) -> int:
        """Where the next batch will begin."""
        ...

    def read(self, from_offset: int) -> Iterator[LogBatch]:
        """Return the batches of the log from an offset on, up to its present end."""
        ...

    def start(self, deliver: Deliver) -> None:
        """Push every batch that enters the log from now on."""
        ...

    def commit(self, offset: int) -> None:
        """Allow what lies before the offset to be forgotten: a snapshot holds its effects."""
        ...

    def stop(self, timeout_seconds: float) -> bool:
        """Take in nothing more; make what was taken in durable. Return False if time was too short."""
        ...
