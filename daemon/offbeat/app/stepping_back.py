"""How a process of the daemon's own makes room for everything else: done by itself, before it begins to work."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Callable
from pathlib import Path

NICEST = 19
_PR_SET_PDEATHSIG = 1
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "armv7l": 314, "armv6l": 314}
_IO_OF_A_PROCESS, _IO_IDLE = 1, 3 << 13
_KILLED_FIRST = "1000"


def step_back(parent: int, *, idle: bool) -> list[str]:
    """Be the first to go when memory is short, end with the parent, even if it is killed, and make room for all others.

    Args:
        parent: process id; where it has ended meanwhile, this process ends at once.
        idle: take the lowest priority there is, for processor and disk.

    Returns:
        What this machine or the service's sandbox did not allow, in words.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
    steps: dict[str, Callable[[], object]] = {
        "to go first when memory is short": lambda: Path("/proc/self/oom_score_adj").write_text(_KILLED_FIRST)
    }
    if idle:
        steps |= {
            "the lowest priority": lambda: os.nice(NICEST),
            "idle scheduling": lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
            "idle priority on the disk": lambda: _idle_on_disk(libc),
            # Where sessions are scheduled against each other, priority counts within one only; elsewhere there is none.
            "": lambda: Path("/proc/self/autogroup").write_text(str(NICEST)),
        }
    return [name for name, step in steps.items() if not _done(step) and name]


def _done(step: Callable[[], object]) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _idle_on_disk(libc: ctypes.CDLL) -> None:
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None and libc.syscall(number, _IO_OF_A_PROCESS, 0, _IO_IDLE):
        raise OSError(ctypes.get_errno(), "ioprio_set")
