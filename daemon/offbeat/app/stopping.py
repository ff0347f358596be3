"""Ctrl-C and SIGTERM as an event that work looks at, so that it can end well."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT and SIGTERM set; a second signal does what it did before.

    To be used in the main thread.
    """
    stop = threading.Event()
    signs = (signal.SIGINT, signal.SIGTERM)
    before = {sign: signal.getsignal(sign) for sign in signs}

    def handle(_number: int, _frame: object) -> None:
        stop.set()
        for sign in signs:
            signal.signal(sign, before[sign])

    for sign in signs:
        signal.signal(sign, handle)
    try:
        yield stop
    finally:
        for sign in signs:
            signal.signal(sign, before[sign])
