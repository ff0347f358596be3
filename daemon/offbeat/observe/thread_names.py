"""Names of threads where the system shows them: `top -H` and `ps -L` tell which part is busy, or hangs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType


@contextmanager
def threads_named() -> Iterator[None]:
    """Tell the system the name of each thread: of those that run, and of each that begins before this ends.

    Python does so by itself from 3.14 on. The first thread keeps the program's name; the system cuts names after
    fifteen characters. Where it takes none, nothing is said: no part depends on it.
    """
    profiler = threading.getprofile()
    if profiler is None:
        # The one place that every thread passes before it runs, whoever makes it and when: a reload, an HTTP server.
        threading.setprofile(_name_and_leave)
    for thread in threading.enumerate():
        _name(thread)
    try:
        yield
    finally:
        threading.setprofile(profiler)


def _name_and_leave(_frame: FrameType, _event: str, _of: object) -> None:
    """Name the thread that begins; it is profiled no further."""
    sys.setprofile(None)
    _name(threading.current_thread())


def _name(thread: threading.Thread) -> None:
    if thread is not threading.main_thread():
        with suppress(OSError):
            Path(f"/proc/self/task/{thread.native_id}/comm").write_text(thread.name)
