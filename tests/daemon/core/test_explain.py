"""The facts in an event, on windows small enough to see through."""

from __future__ import annotations

import math

import numpy as np
import pytest

from offbeat.core.events import Expected
from offbeat.core.explain import Past, bands, evidence, extreme, pace_seconds, standing_still

NAN = np.float32(np.nan)


def past(*columns: list[float], times: list[float] | None = None) -> Past:
    """Return a window of these channels, one row a second; NaN is not observed."""
    values = np.array(columns, np.float32).T
    when = np.arange(len(values), dtype=float) if times is None else np.array(times)
    return Past(when, np.nan_to_num(values), np.isfinite(values))


def f32(*values: float) -> np.ndarray:
    """Return a float32 array."""
    return np.array(values, np.float32)


def test_the_newest_value_of_a_channel_may_be_in_an_older_row() -> None:
    """Channels report when they like."""
    newest = past([1, 2, 3], [7, NAN, NAN], [NAN, NAN, NAN]).newest()
    assert newest[:2].tolist() == [3, 7]
    assert np.isnan(newest[2])


def test_a_window_ends_at_the_moment_that_is_spoken_of() -> None:
    """What came later is not evidence."""
    cut = past([1, 2, 3, 4]).until(1.0)
    assert cut.times_seconds.tolist() == [0, 1]
    assert cut.newest().tolist() == [2]
    assert np.isnan(past([1]).until(-1.0).newest()).all()


def test_the_band_is_the_models_in_units_of_the_sensor() -> None:
    """Mean and three deviations, squashed values unrolled again."""
    (band,) = bands(f32(62), f32(60), f32(2), f32(1.0), f32(0.5))
    assert band is not None
    assert (band.mean, band.low, band.high) == pytest.approx((62, 59, 65))


def test_without_a_model_the_band_is_the_normalisers() -> None:
    """Three scales around the center; nothing without a normaliser."""
    assert bands(f32(0), f32(60), f32(2), None, None) == [Expected(60, 54, 66)]
    assert bands(f32(0), f32(60), f32(2), f32(NAN), f32(NAN)) == [Expected(60, 54, 66)]
    assert bands(f32(0), f32(0), f32(0), None, None) == [None]


def test_a_model_that_follows_the_fault_does_not_explain_it_away() -> None:
    """Inside the model's band but outside the normaliser's, the latter is shown."""
    (band,) = bands(f32(90), f32(60), f32(2), f32(10.0), f32(9.0))
    assert band == Expected(60, 54, 66)


def test_evidence_counts_readings_coverage_and_the_longest_gap() -> None:
    """Six of eleven expected rows are there, the longest pause was six seconds."""
    seen = evidence(past([1] * 6, times=[0, 1, 2, 3, 9, 10]), late=3)
    assert (seen.readings, seen.longest_gap_seconds, seen.late) == (6, 6.0, 3)
    assert seen.coverage == pytest.approx(6 / 11)
    assert evidence(past([]), 0).coverage == 0
    assert evidence(past([1]), 0).coverage == 1


def test_a_value_is_the_highest_since_it_was_last_reached() -> None:
    """Only outside its band, and only if it beats ten readings."""
    band = Expected(1, 0, 2)
    window = past([5, *[1] * 12, 4])
    assert extreme(window, 0, band) == ("highest", 0.0)
    assert extreme(past([*[1] * 12, -1]), 0, band) == ("lowest", 0.0)
    assert extreme(past([*[1] * 12, 1.5]), 0, band)[0] is None
    assert extreme(past([*[1] * 5, 5, 1, 4]), 0, band)[0] is None
    assert extreme(past([1, 4]), 0, band)[0] is None
    assert extreme(window, 0, None)[0] is None


def test_the_channel_that_stands_still_for_longest_is_found() -> None:
    """A run counts from its first reading."""
    assert standing_still(past([1, 2, 3, 4], [7, 5, 5, 5])) == (1, 2.0, 3)
    assert standing_still(past([2, 2, 2])) == (0, 2.0, 3)
    nothing = standing_still(past([NAN, NAN]))
    assert math.isnan(nothing[1])


def test_the_pace_is_that_of_the_newest_gaps() -> None:
    """Of eight, the mean of their logs: what came before, and instants that repeat, have no part in it."""
    times = [0.0, 100.0, 100.0, *(100.0 + np.cumsum([1.0, 4.0] * 4)).tolist()]
    assert pace_seconds(past([1.0] * 11, times=times), 2.0) == pytest.approx(2.0)


def test_a_pause_is_no_pace() -> None:
    """One counts as sixteen usual gaps, however long it is; that alone says little of eight."""
    times = [0.0, *(500.0 + np.arange(8.0)).tolist()]
    assert pace_seconds(past([1.0] * 9, times=times), 1.0) == pytest.approx(math.sqrt(2.0))


@pytest.mark.parametrize(("rows", "usual"), [(8, 1.0), (9, NAN), (9, 0.0)])
def test_too_few_gaps_or_no_usual_one_have_no_pace(rows: int, usual: float) -> None:
    """Nothing is said then."""
    assert math.isnan(pace_seconds(past([1.0] * rows), float(usual)))
