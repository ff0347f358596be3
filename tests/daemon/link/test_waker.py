"""Waking a thread that waits."""

from __future__ import annotations

import threading
import time

from offbeat.link.waker import Waker


def test_a_wake_before_the_wait_is_not_lost() -> None:
    """However many there were, one wait ends."""
    waker = Waker()
    for _ in range(3):
        waker.wake()
    assert waker.wait(10.0)
    assert not waker.wait(0.0)


def test_a_wake_from_another_thread_ends_the_wait() -> None:
    """Long before its timeout."""
    waker = Waker()
    started = time.monotonic()
    thread = threading.Thread(target=waker.wake)
    thread.start()
    assert waker.wait(30.0)
    assert time.monotonic() - started < 20.0
    thread.join()
