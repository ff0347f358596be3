"""How long a piece of work takes, time after time."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds_of(work: Callable[[], object], rounds: int) -> list[float]:
    """Return what each of so many rounds took, in seconds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds
