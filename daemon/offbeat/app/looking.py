"""Looking again every so often, until told to stop: what nobody foresaw ends no thread, and is said once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def look_until(stopping: threading.Event, seconds: float, look: Callable[[], object], trouble: str) -> None:
    """Look again and again, in the thread of the caller.

    Args:
        stopping: ends it.
        seconds: between two looks.
        look: may raise anything; it is called again all the same.
        trouble: event of the log that tells of what it raised, when that is something else than the last time.
    """
    said = ""
    while not stopping.wait(seconds):
        try:
            look()
            said = ""
        except Exception as error:  # noqa: BLE001 - a thread that ended would never look again; it is told
            if repr(error) != said:
                said = repr(error)
                _log.exception(trouble, reason=said)
