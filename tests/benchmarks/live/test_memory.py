"""Memory of a process and its children, while it is looked at."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks.live.memory import Memory, watched
from tests.support.waiting import wait_until

HOLDS = "held = bytearray(64 * 2**20); held[::4096] = b'x' * len(held[::4096]); print('here', flush=True); input()"


def test_what_a_child_takes_meanwhile_is_more_than_before() -> None:
    """It counts though it is gone at the end."""
    with (
        watched(os.getpid()) as found,
        subprocess.Popen(
            [sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, stdin=subprocess.PIPE
        ) as child,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        assert wait_until(lambda: found.training >= 64.0)
        child.communicate(b"\n")
    assert found.more >= 60.0
    assert found.together >= found.training
    assert found.daemon >= found.before > 0.0


def test_nothing_more_is_taken_where_nothing_was_looked_at() -> None:
    """The figures begin at nothing."""
    assert Memory().more == 0.0
