"""Child processes that end with their parent, even when that is killed."""

from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def start_child(command: Sequence[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own: Ctrl-C is for the parent, which then ends it.

    Args:
        command: program and arguments.
        log: gets what it prints.
    """
    return subprocess.Popen(  # noqa: S603 - programs that were looked up, with arguments of our own
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - it only makes a system call
    )


def end_child(process: subprocess.Popen[bytes], timeout_seconds: float = STOP_SECONDS) -> int:
    """Ask a child to end, insist after a while, and return its exit code."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def last_words(log: Path, characters: int = 800) -> str:
    """Return the end of a child's log, for a message."""
    text = log.read_text("utf-8", "replace").strip() if log.exists() else ""
    return text[-characters:] or "it said nothing"


def _end_with_parent() -> None:
    # Asked of the kernel, so that it also holds when the parent is killed.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
