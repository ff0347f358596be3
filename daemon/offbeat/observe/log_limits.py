"""Repeated log events, told once in a while with the number of those that were held back."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from typing import Any

from structlog import DropEvent

Event = MutableMapping[str, Any]

_MARK = "_once_per"


def once_per(seconds: float, key: str = "") -> dict[str, Any]:
    """Return what makes an event be logged once in so many seconds: `log.warning("...", **once_per(30.0))`.

    The next one that is logged says in `repeated` how many were held back.

    Args:
        seconds: how long repeats are held back.
        key: tells apart events of the same words, such as a drop's reason; must come from a bounded set.
    """
    return {_MARK: (seconds, key)}


class RepeatLimiter:
    """A structlog processor that holds back repeats of events marked with `once_per`.

    Args:
        clock: monotonic seconds.
        capacity: kinds of events remembered; the one longest unheard of is forgotten first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, capacity: int = 1024) -> None:
        self._clock = clock
        self._capacity = capacity
        self._lock = threading.Lock()
        self._seen: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        """Pass an event on, or drop it as a repeat."""
        mark = event.pop(_MARK, None)
        if mark is None:
            return event
        seconds, key = mark
        repeated = self._note(seconds, (str(event.get("event")), key))
        if repeated is None:
            raise DropEvent
        if repeated:
            event["repeated"] = repeated
        return event

    def _note(self, seconds: float, kind: tuple[str, str]) -> int | None:
        """Return how many repeats were held back before this event, or None to hold it back too."""
        now = self._clock()
        with self._lock:
            last = self._seen.get(kind)
            if last is not None and now - last[0] < seconds:
                self._seen[kind] = (last[0], last[1] + 1)
                return None
            self._seen[kind] = (now, 0)
            self._seen.move_to_end(kind)
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
        return last[1] if last else 0
