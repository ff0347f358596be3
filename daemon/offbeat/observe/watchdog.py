"""The watchdog: systemd hears from us only while every stage of the pipeline moves."""

from __future__ import annotations

import faulthandler
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from offbeat.observe.sd_notify import Notifier

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Stage:
    """The pulse of one thread. Only that thread beats it.

    Attributes:
        name: says in logs and metrics which thread it is.
        grace_seconds: how long one piece of work may take.
    """

    __slots__ = ("beats", "grace_seconds", "name", "resting")

    def __init__(self, name: str, grace_seconds: float) -> None:
        self.name = name
        self.grace_seconds = grace_seconds
        self.beats = 0
        self.resting = True

    def beat(self) -> None:
        """Say that a piece of work is done and the next one begins."""
        self.beats += 1
        self.resting = False

    def rest(self) -> None:
        """Say that there is nothing to do until work comes: standing still is right now."""
        self.beats += 1
        self.resting = True


@dataclass(slots=True)
class _Seen:
    beats: int
    moved_at: float


class Progress:
    """Knows which stages stand still that should move."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}
        self._seen: dict[str, _Seen] = {}

    def stage(self, name: str, grace_seconds: float = 30.0) -> Stage:
        """Return the pulse of a stage, a new one if the name is new; it rests until its first beat."""
        return self._stages.setdefault(name, Stage(name, grace_seconds))

    def stalled(self, now: float) -> dict[str, float]:
        """Return for how many seconds each stalled stage has stood still.

        Args:
            now: monotonic seconds; a stage is judged from the first call that saw it.
        """
        found = {}
        for name, stage in list(self._stages.items()):
            seen = self._seen.get(name)
            beats, resting = stage.beats, stage.resting
            if seen is None or seen.beats != beats or resting:
                self._seen[name] = _Seen(beats, now)
            elif now - seen.moved_at > stage.grace_seconds:
                found[name] = now - seen.moved_at
        return found

    def gauge(self, now: float) -> dict[tuple[str, ...], float]:
        """Return 1 for each stalled stage and 0 for each other, as a metric."""
        stalled = self.stalled(now)
        return {(name,): float(name in stalled) for name in list(self._stages)}


class Watchdog:
    """Feeds systemd's watchdog as long as no stage is stalled; names the one that is.

    Args:
        progress: the stages.
        notifier: to systemd.
        status: the line for `systemctl status` while all is well.
        interval_seconds: between two looks; half of what systemd allows, or less.
        dump: called once per stall with nothing; shows where every thread stands.
    """

    def __init__(
        self,
        progress: Progress,
        notifier: Notifier,
        status: Callable[[], str],
        interval_seconds: float,
        dump: Callable[[], None] = lambda: faulthandler.dump_traceback(sys.__stderr__ or sys.stderr),
    ) -> None:
        self._progress = progress
        self._notifier = notifier
        self._status = status
        self._interval = interval_seconds
        self._dump = dump
        self._stalled: frozenset[str] = frozenset()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start looking, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking and wait for the thread."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    def look(self, now: float) -> bool:
        """Look once; return whether systemd was told that all is well.

        Args:
            now: monotonic seconds.
        """
        stalled = self._progress.stalled(now)
        if stalled:
            self._tell(stalled)
            return False
        if self._stalled:
            _log.warning("all stages move again", stages=sorted(self._stalled))
            self._stalled = frozenset()
        self._notifier.alive()
        self._notifier.status(self._status())
        return True

    def _tell(self, stalled: dict[str, float]) -> None:
        words = ", ".join(f"{name} for {seconds:.0f} s" for name, seconds in sorted(stalled.items()))
        self._notifier.status(f"stalled: {words}")
        if frozenset(stalled) - self._stalled:
            _log.error("a stage stands still; systemd is no longer told that all is well", stalled=words)
            self._dump()
        self._stalled = frozenset(stalled)

    def _run(self) -> None:
        while True:
            try:
                self.look(time.monotonic())
            except Exception:  # noqa: BLE001 - a watchdog that dies kills a healthy service
                _log.exception("the watchdog could not look")
            if self._ended.wait(self._interval):
                return
