"""Waiting for something to become true, with a deadline instead of a sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(predicate: Callable[[], T], timeout_seconds: float = 10.0, what: str = "") -> T:
    """Return the first true answer of `predicate`, asked again and again.

    Args:
        predicate: asked about every 5 ms; what it raises is raised.
        timeout_seconds: after which the test fails.
        what: what is waited for, for the message of the failure.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(
                f"waited {timeout_seconds:g} s in vain for {what or predicate!r}; last answer: {answer!r}"
            )
        time.sleep(0.005)
