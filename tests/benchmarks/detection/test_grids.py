"""A grid is made of what is known: rows that come later add to it and change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.replay.series import Series
from tests.benchmarks.detection.grids import FILLS, Fill, first_from, newest_at, on_grid

GAPS = (0.0, 1.0, 0.4, 2.6, 1.0, 5.0, 0.5, 1.5)


def series() -> Series:
    """Return irregular rows of two channels, one of which is seen now and then."""
    values = np.random.default_rng(0).normal(size=(len(GAPS), 2)).astype(np.float32)
    values[[0, 3, 6], 1] = np.nan
    return Series("s", ("a", "b"), 100.0 + np.cumsum(GAPS), values)


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_later_rows_never_change_an_earlier_point(fill: Fill) -> None:
    """Up to its last row the grid of the first rows is the beginning of the grid of all."""
    whole = series()
    grid = on_grid(whole, 0.7, fill)
    for rows in range(1, len(whole) + 1):
        known = on_grid(whole.where(np.arange(len(whole)) < rows), 0.7, fill)
        assert (known.times_seconds == grid.times_seconds[: len(known)]).all()
        until = int(np.sum(known.times_seconds <= whole.times_seconds[rows - 1]))
        np.testing.assert_array_equal(known.values[:until], grid.values[:until])


def test_a_row_off_the_grid_is_judged_by_a_point_that_holds_its_value() -> None:
    """Also the last one, for which the grid goes on by a point."""
    gap = Series("s", ("a",), np.array([0.0, 1.5, 3.25]), np.array([[2.0], [6.0], [9.0]], np.float32))
    grid = on_grid(gap, 1.0, FILLS["hold"])
    judged_by = first_from(grid.times_seconds, gap.times_seconds)
    assert grid.values[judged_by, 0].tolist() == [2, 6, 9]
    assert on_grid(gap, 1.0, FILLS["linear"]).values[-1, 0] == 9


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
def test_a_regular_series_stays_as_it_is(fill: Fill) -> None:
    """A grid at its own gap meets every row."""
    regular = Series("s", ("a",), 60.0 * np.arange(50), np.arange(50, dtype=np.float32)[:, None] ** 2)
    grid = on_grid(regular, 60.0, fill)
    assert (grid.times_seconds == regular.times_seconds).all()
    assert (grid.values == regular.values).all()


def test_gaps_are_filled_by_the_newest_value_or_the_line() -> None:
    """Between 2 at one end and 6 at the other."""
    gap = Series("s", ("a",), np.array([0.0, 4.0]), np.array([[2.0], [6.0]], np.float32))
    assert on_grid(gap, 1.0, FILLS["hold"]).values[:, 0].tolist() == [2, 2, 2, 2, 6]
    assert on_grid(gap, 1.0, FILLS["linear"]).values[:, 0].tolist() == [2, 3, 4, 5, 6]


def test_a_channel_that_was_never_seen_stays_unknown() -> None:
    """Nothing is made up before its first reading."""
    for fill in FILLS.values():
        assert np.isnan(on_grid(series(), 0.7, fill).values[0, 1])


def test_a_row_takes_the_first_point_at_or_after_it() -> None:
    """A row on the grid its own; after the last point there is but that one."""
    times = np.array([10.0, 20.0, 30.0])
    assert first_from(times, np.array([9.0, 10.0, 10.1, 20.0, 99.0])).tolist() == [0, 0, 1, 1, 2]


def test_a_point_takes_the_newest_row_at_or_before_it() -> None:
    """Never a later one; before the first point there is but that one."""
    times = np.array([10.0, 20.0, 30.0])
    assert newest_at(times, np.array([9.0, 10.0, 19.9, 20.0, 99.0])).tolist() == [0, 0, 0, 1, 2]
