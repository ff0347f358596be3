"""Which rows are played at once, and which one by one."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.live.playing import stretches


def test_watched_rows_follow_those_that_are_not() -> None:
    """What lies before the first row, and behind the last watched one, is not played."""
    watched = np.zeros(30, np.bool_)
    watched[2:4] = watched[10:15] = watched[20:22] = True
    assert stretches(watched, 5) == [
        (slice(5, 10), slice(10, 15)),
        (slice(15, 20), slice(20, 22)),
    ]


def test_nothing_is_played_where_nothing_is_watched() -> None:
    """Nobody would ask about it."""
    assert stretches(np.zeros(30, np.bool_), 5) == []
