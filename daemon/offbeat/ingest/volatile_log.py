"""Offsets without a journal: for a daemon that was told to keep none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from offbeat.ingest.source import LogBatch, RawMessage


class VolatileLog:
    """Counts what a `Journal` would keep. What was appended is as durable as it will ever be.

    Attributes:
        on_durable: called with the offset behind each append, in the thread that appends.
    """

    def __init__(self) -> None:
        self.on_durable: Callable[[int], None] = lambda _offset: None
        self._next = 0

    @property
    def next_offset(self) -> int:
        """Where the next batch will begin."""
        return self._next

    @property
    def durable_offset(self) -> int:
        """The same: there is nothing to wait for."""
        return self._next

    def append(self, messages: list[RawMessage], arrival_seconds: float) -> int:  # noqa: ARG002 - as Journal
        """Count messages and return the offset behind them."""
        self._next += len(messages)
        self.on_durable(self._next)
        return self._next

    def read(self, from_offset: int) -> Iterator[LogBatch]:  # noqa: ARG002 - as Journal
        """Return nothing: nothing was kept."""
        return iter(())

    def commit(self, offset: int) -> None:
        """Do nothing: there is nothing to forget."""

    def skip_to(self, offset: int) -> None:
        """Give the next batch at least this offset."""
        self._next = max(self._next, offset)

    def sync(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - as Journal
        """Return True."""
        return True

    def close(self, timeout_seconds: float = 5.0) -> bool:  # noqa: ARG002 - as Journal
        """Return True."""
        return True
