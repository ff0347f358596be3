"""Rows: rounds walk each sensor in its time order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.rows import Rows


def rows_of(counts: list[int]) -> Rows:
    """As many rows for each sensor as said."""
    sensor = np.repeat(np.arange(len(counts)), counts)
    rank = np.concatenate([np.arange(c) for c in counts]) if counts else np.zeros(0)
    n = len(sensor)
    return Rows(
        0,
        sensor.astype(np.int32),
        rank.astype(np.float64),
        np.ones(n),
        np.zeros((n, 1), np.float32),
        np.ones((n, 1), np.bool_),
        rank.astype(np.int32),
        0,
    )


@given(st.lists(st.integers(0, 6), max_size=8))
def test_rounds_hold_each_sensor_once_and_each_row_once(counts: list[int]) -> None:
    """In each sensor's time order, and in no more rounds than the busiest sensor has rows."""
    rows = rows_of(counts)
    rounds = list(rows.rounds())
    assert len(rounds) == max(counts, default=0)
    for index in rounds:
        assert len(set(rows.sensor[index].tolist())) == len(index)
    walked = np.concatenate(rounds) if rounds else np.zeros(0, np.intp)
    assert sorted(walked.tolist()) == list(range(len(rows)))
    for sensor in range(len(counts)):
        times = rows.time_seconds[walked[rows.sensor[walked] == sensor]]
        assert np.all(np.diff(times) > 0)
