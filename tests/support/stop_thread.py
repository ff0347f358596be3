"""Stop one thread of a process, and no other: `python stop_thread.py PID NAME URL`; ends when the thread does.

A signal stops a process whole. The system call by which debuggers work stops a single thread wherever it stands, which
is what a call into a library that never returns looks like from outside.

Args:
    PID: of the process.
    NAME: of the thread, as the system knows it.
    URL: of a page that the process answers as long as its other threads move. A thread that was stopped in the one
        moment in which it held Python's lock would stop them all: it is let go, and stopped anew.
"""

from __future__ import annotations

import ctypes
import os
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

CONT, SEIZE, INTERRUPT = 7, 0x4206, 0x4207
ANY_THREAD = 0x40000000
"""Of waitpid (`__WALL`): also for threads that are no children."""
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.restype = ctypes.c_long
_LIBC.ptrace.argtypes = [ctypes.c_long] * 4


def _ptrace(what: int, thread: int) -> None:
    if _LIBC.ptrace(what, thread, 0, 0):
        raise OSError(ctypes.get_errno(), f"ptrace {what:#x} of thread {thread}")


def _name(task: Path) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
        return (task / "comm").read_text().strip()
    return ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def main(process: str, name: str, url: str) -> None:
    """Stop the thread for good, then wait for its end."""
    # The first of them: threads that a library makes within it have its name, too.
    thread = min(int(task.name) for task in Path(f"/proc/{process}/task").iterdir() if _name(task) == name)
    _ptrace(SEIZE, thread)
    while True:
        _ptrace(INTERRUPT, thread)
        os.waitpid(thread, ANY_THREAD)
        if _answers(url):
            break
        _ptrace(CONT, thread)
    sys.stdout.write("stopped\n")
    sys.stdout.flush()
    # The process cannot end before its tracer took note of the end of the thread.
    os.waitpid(thread, ANY_THREAD)


if __name__ == "__main__":
    main(*sys.argv[1:])
