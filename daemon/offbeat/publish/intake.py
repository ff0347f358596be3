"""Takes events from the loop thread into the outbox, on a thread that may wait for the disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from offbeat.core.events import EpisodeEvent
from offbeat.publish.outbox import Lost, Outbox

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


RETRY_SECONDS = 1.0


class Intake:
    """A thread that writes events to the outbox in groups: whoever decides never waits for the disk.

    Args:
        outbox: where events go.
        on_committed: called on this thread after each group.
        max_events: that may wait in memory; beyond them the oldest are lost and counted.
    """

    def __init__(self, outbox: Outbox, on_committed: Callable[[], None], max_events: int = 100_000) -> None:
        self._outbox = outbox
        self._on_committed = on_committed
        self._max_events = max_events
        self._waiting: deque[EpisodeEvent] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._finished = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come into the outbox from here."""
        return self._thread.ident is None or self._finished

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, events: Sequence[EpisodeEvent]) -> None:
        """Hand in events; returns at once."""
        with self._changed:
            self._waiting.extend(events)
            excess = len(self._waiting) - self._max_events
            for _ in range(excess):
                self._waiting.popleft()
                self._outbox.lost[Lost.OVERFLOW] += 1
            self._changed.notify_all()

    def committed(self, timeout_seconds: float) -> bool:
        """Wait until all that was handed in is in the outbox; return whether that is so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_seconds)

    def stop(self) -> None:
        """Let the thread end when it has taken in what waits."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of the thread, if it was started."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_seconds))

    def _run(self) -> None:
        while group := self._next_group():
            try:
                self._outbox.add(group)
            except Exception:  # noqa: BLE001 - a thread that dies here would lose every later alert
                _log.exception(
                    "events could not be taken into the outbox; they are tried again", events=len(group)
                )
                self._give_back(group)
                continue
            with self._changed:
                self._busy = False
                self._changed.notify_all()
            self._on_committed()
        self._finished = True
        self._on_committed()

    def _give_back(self, group: list[EpisodeEvent]) -> None:
        """Put a group back in front after a while; when stopping there is no other try."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, RETRY_SECONDS)
            if self._stopping:
                self._outbox.lost[Lost.UNENCODABLE] += len(group)
            else:
                self._waiting.extendleft(reversed(group))
            self._busy = False

    def _next_group(self) -> list[EpisodeEvent]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            group = list(self._waiting)
            self._waiting.clear()
            self._busy = bool(group)
            return group
