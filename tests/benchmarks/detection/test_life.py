"""Sensors that live on through faults: where the faults are, and that what lies between them is healthy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.detection import suite
from tests.benchmarks.detection.life import in_windows, lives

PAST = 300


def test_each_sensor_meets_each_fault_once_behind_a_healthy_past() -> None:
    """In an order of its own, with calm windows before each, and the rows of a lead between them."""
    fleet = suite.paced(suite.univariate(3))
    played = lives(fleet, 0, calm_windows=2, history_rows=PAST)
    orders = []
    for one in played.series:
        windows = [window for window in played.windows if window.copy == one.sensor]
        kinds = [window.kind for window in windows]
        assert kinds[0::3] == kinds[1::3] == [None] * len(fleet.kinds)
        assert sorted(map(str, kinds[2::3])) == sorted(fleet.kinds)
        assert windows[0].start > one.times_seconds[PAST]
        orders.append(kinds[2::3])
        assert np.all(np.diff(one.times_seconds) > 0)
    assert len({tuple(order) for order in orders}) == 3


def test_outside_of_the_faults_the_rows_are_those_of_a_healthy_sensor() -> None:
    """Rows that a fault adds or takes away move no other fault out of its window."""
    fleet = suite.paced(suite.univariate(2))
    faulty = lives(fleet, 0, calm_windows=1, history_rows=PAST)
    for one in faulty.series:
        windows = [window for window in faulty.windows if window.copy == one.sensor]
        inside = {window.kind: one.since(window.start).before(window.end + 1e-6) for window in windows}
        assert len(inside["rate_up"]) > 2 * suite.WINDOW_ROWS
        assert len(inside["rate_down"]) < suite.WINDOW_ROWS / 2
        assert len(inside["silence"]) < suite.WINDOW_ROWS - 6
        assert len(np.unique(inside["stuck"].values[:-1])) == 1
        assert {len(inside[kind]) for kind in (None, "spike", "drift")} == {suite.WINDOW_ROWS}


def test_between_two_faults_lie_as_many_healthy_rows_as_are_asked_for() -> None:
    """And a few behind each fault."""
    fleet = suite.paced(suite.univariate(1))
    short, long = (lives(fleet, 0, calm_windows=1, history_rows=PAST, lead_rows=rows) for rows in (50, 80))
    for played, lead in ((short, 50), (long, 80)):
        windows, (one,) = played.windows, played.series
        assert np.searchsorted(one.times_seconds, windows[0].start) == PAST + lead
        between = [b.start - a.end for a, b in zip(windows[1::2], windows[2::2], strict=False)]
        assert np.mean(between) == pytest.approx(lead + suite.AFTER_ROWS + 1, rel=0.1)


def test_rows_in_windows_are_marked() -> None:
    """Every other one is not."""
    played = lives(suite.paced(suite.univariate(1)), 0, calm_windows=0, history_rows=PAST)
    (one,), (marked,) = played.series, in_windows(played).values()
    expected = np.zeros(len(one), np.bool_)
    for window in played.windows:
        expected |= (one.times_seconds >= window.start) & (one.times_seconds <= window.end)
    assert np.array_equal(marked, expected)
    assert not marked[:PAST].any()
