"""Verdicts on the versions of a group: what each was compared with when it was new, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from offbeat.learn import entries
from offbeat.learn.trial import Verdict

FORMAT = "offbeat-trials/1"
MOST_KEPT = 200

RECALL = "recall of injected faults"
"""Name of the figure that lists show."""


@dataclass(frozen=True, slots=True)
class Trials:
    """The verdicts of one group, oldest first."""

    entries: tuple[Verdict, ...] = ()

    def __iter__(self) -> Iterator[Verdict]:
        """Go through them from the oldest on."""
        return iter(self.entries)

    def of(self, version: str) -> Verdict | None:
        """Return the newest verdict on a version; None if it never was on trial."""
        return next((one for one in reversed(self.entries) if one.version == version), None)

    def and_then(self, verdict: Verdict) -> Trials:
        """Return them with one more; the oldest are forgotten in the end."""
        return Trials((*self.entries, verdict)[-MOST_KEPT:])

    def to_bytes(self) -> bytes:
        """Return them as JSON."""
        return entries.to_bytes(FORMAT, "trials", [one.to_dict() for one in self.entries])

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `to_bytes` gave.

        Raises:
            ValueError: it is something else; the message says what.
        """
        try:
            return cls(tuple(Verdict.from_dict(one) for one in entries.from_bytes(FORMAT, "trials", data)))
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"an entry is not as expected: {error}") from error
