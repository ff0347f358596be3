"""What was recorded of one sensor, and where recording began anew."""

from __future__ import annotations

import numpy as np

from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.recording import Recording, after_cuts
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.learn.doubts import AT_HOME_ROWS, Doubts
from offbeat.learn.model_series import model_series

WEEK = 604_800.0


def recording(*parts: tuple[float, int], cut: bool = True) -> Recording:
    """A recording of parts of a reading a second: each begins at a time and has so many rows."""
    times = np.concatenate([start + np.arange(rows, dtype=np.float64) for start, rows in parts])
    values = np.sin(times)[:, None].astype(np.float32)
    return Recording("s", times, values, np.array([start for start, _ in parts[1:]]) if cut else np.zeros(0))


def test_the_first_row_after_a_cut_is_known() -> None:
    """Whether the cut is said to be at the row, or before it; what lies before all rows is none."""
    times = np.array([0.0, 1.0, 9.0, 10.0])
    assert after_cuts(times, np.array([-5.0, 9.0])).tolist() == [False, False, True, False]
    assert after_cuts(times, np.array([5.0])).tolist() == [False, False, True, False]
    assert after_cuts(times, np.zeros(0)).tolist() == [False] * 4
    assert not len(after_cuts(np.zeros(0), np.array([5.0])))


def test_time_that_was_not_recorded_makes_a_sensor_no_slower() -> None:
    """The budget is by rows a week: taken for a slow one, it would be allowed far too many alerts."""
    parts = ((0.0, 500), (100_000.0, 500))
    cut = fit_normaliser_and_ridge(("value",), [recording(*parts)])
    assert cut.rows_per_week[1] == WEEK
    assert fit_normaliser_and_ridge(("value",), [recording(*parts, cut=False)]).rows_per_week[1] < WEEK / 50


def test_no_window_reaches_over_a_cut() -> None:
    """What lies between two cuts is a series of its own, of the same sensor."""
    one = recording((0.0, 300), (1000.0, 200))
    commission = fit_normaliser_and_ridge(("value",), [one])
    assert [(s.row, len(s)) for s in model_series(commission, [one], cut=True)] == [(1, 300), (1, 200)]
    assert [len(s) for s in model_series(commission, [one])] == [500]


def test_right_after_a_cut_nothing_is_calibrated() -> None:
    """Of the first rows the streams say how they differ from what lies before the cut."""
    one = recording((0.0, 100), (1000.0, 100))
    said = np.ones((200, len(STREAM_NAMES)), np.float32)
    left = Doubts().without_false_gaps("s", one.times_seconds, said, one.cuts_seconds)
    silent = np.isnan(left).all(axis=1)
    assert np.flatnonzero(silent).tolist() == list(range(100, 100 + AT_HOME_ROWS))
    assert (left[~silent] == 1.0).all()
    assert (said == 1.0).all()
