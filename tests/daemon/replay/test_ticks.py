"""When a virtual clock ticks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.replay.ticks import LONG_GAP_MEDIANS, TICKS_PER_GAP, tick_times

Times = NDArray[np.float64]
NOBODY: list[Times] = []
"""No sensor is looked after for silence."""


def paused(pause: float, gap: float = 1.0, rows: int = 200, start: float = 1e6) -> Times:
    """Return arrivals a gap apart, with one pause in their middle."""
    gaps = np.full(rows, gap)
    gaps[rows // 2] = pause
    return start + np.cumsum(gaps)


def inside(ticks: Times, times: Times) -> Times:
    """Return how long after the row before it each tick inside the longest gap of some arrivals falls."""
    at = int(np.argmax(np.diff(times)))
    return ticks[(ticks > times[at]) & (ticks < times[at + 1])] - times[at]


def test_without_rows_the_clock_does_not_tick() -> None:
    """Nothing is played."""
    assert tick_times([np.zeros(0)], np.zeros(0), 16).tolist() == []


def test_where_all_report_steadily_it_ticks_after_so_many_rows_and_at_the_end() -> None:
    """And not more often: a tick looks at every sensor."""
    times = np.arange(100.0)
    assert tick_times([times], times, 16).tolist() == [15, 31, 47, 63, 79, 95, 99]
    assert tick_times(NOBODY, times, 1000).tolist() == [99]


def test_inside_a_long_gap_it_ticks_denser_at_its_beginning() -> None:
    """Each tick is later by about the same factor, from two usual gaps on, so that silence is found in its own time."""
    times = paused(1000.0)
    ages = inside(tick_times([times], times, 10**6), times)
    assert len(ages) == TICKS_PER_GAP
    assert 2.0 < ages[0] <= 6.0
    assert 900.0 < ages[-1] < 1000.0
    factors = ages[1:] / ages[:-1]
    assert (factors > 1.8).all()
    assert (factors < 2.6).all()


@pytest.mark.parametrize(("pause", "is_long"), [(2.9, False), (3.2, True), (50.0, True)])
def test_a_gap_of_some_usual_ones_is_not_long(pause: float, is_long: bool) -> None:
    """Whatever the pace is."""
    assert LONG_GAP_MEDIANS == 3.0
    for gap in (0.01, 1.0, 3600.0):
        times = paused(pause * gap, gap)
        assert bool(len(inside(tick_times([times], times, 10**6), times))) is is_long


def test_of_a_sensor_whose_gaps_are_all_over_the_place_only_the_rarest_are_long() -> None:
    """One row in a hundred: else a tick would follow every other row of it."""
    times = np.cumsum(np.random.default_rng(0).lognormal(0.0, 1.5, 5000))
    ticks = tick_times([times], times, 10**6)
    behind = np.unique(np.searchsorted(times, ticks[:-1]))
    assert 40 <= len(behind) <= 51
    assert len(ticks) <= TICKS_PER_GAP * 51


def test_rows_that_come_together_are_no_gap() -> None:
    """Nor is a sensor that reported once, or all at one time, looked after."""
    for times in (np.full(50, 7.0), np.array([7.0])):
        assert tick_times([times], times, 10**6).tolist() == [7.0]
    times = np.repeat(paused(1000.0), 3)
    assert len(inside(tick_times([times], times, 10**6), times)) == TICKS_PER_GAP


def test_sensors_of_one_pace_share_their_ticks() -> None:
    """Else a thousand of them would have a tick for every handful of rows."""
    random = np.random.default_rng(1)
    fleet = [paused(1000.0, start=1e6 + float(shift)) for shift in random.uniform(0, 4.0, 300)]
    ticks = tick_times(fleet, np.sort(np.concatenate(fleet)), 10**6)
    within = ticks[:-1]
    np.testing.assert_array_equal(within / 0.25, np.round(within / 0.25))
    assert len(within) <= TICKS_PER_GAP * 4.0 / 0.25 + TICKS_PER_GAP


TIMES = st.lists(
    st.integers(0, 10**9).map(lambda n: n / 1000) | st.integers(0, 50).map(float), min_size=1, max_size=80
).map(sorted)
"""In thousandths of a second: no clock tells apart what a double could."""


@settings(max_examples=80, deadline=None)
@given(fleet=st.lists(TIMES, min_size=1, max_size=4), rows_between=st.integers(1, 50))
def test_ticks_ascend_from_the_first_row_to_the_last(fleet: list[list[float]], rows_between: int) -> None:
    """Whatever the times; the last row is the last tick, and no stretch of rows is without one."""
    arrivals = [np.array(times) for times in fleet]
    everything = np.sort(np.concatenate(arrivals))
    ticks = tick_times(arrivals, everything, rows_between)
    assert (np.diff(ticks) > 0).all()
    assert (ticks[0] >= everything[0], ticks[-1]) == (True, everything[-1])
    assert np.isin(everything[rows_between - 1 :: rows_between], ticks).all()
