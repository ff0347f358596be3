"""Cadence: medians, rates, and what silence means to regular, irregular, bursty and hardly known sensors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.core.cadence import Cadence
from offbeat.core.rows import Rows

Doubles = NDArray[np.float64]
ONE = np.array([0])


def rows(sensor: int, gaps: Doubles) -> Rows:
    """Rows of one sensor with given gaps."""
    n = len(gaps)
    return Rows(
        0,
        np.full(n, sensor, np.int32),
        np.cumsum(np.nan_to_num(gaps)),
        np.asarray(gaps, np.float64),
        np.zeros((n, 1), np.float32),
        np.ones((n, 1), np.bool_),
        np.arange(n, dtype=np.int32),
        0,
    )


def learned(gaps: Doubles) -> Cadence:
    """The cadence of one sensor that showed these gaps."""
    cadence = Cadence(1)
    cadence.update(rows(0, gaps))
    return cadence


def silent_after(cadence: Cadence, p: float) -> float:
    """Seconds after which silence is less probable than p."""
    elapsed = np.geomspace(1e-3, 1e12, 3000)
    survival = cadence.survival(np.zeros(len(elapsed), np.intp), elapsed)
    return float(elapsed[np.argmax(survival < p)])


def test_an_unknown_cadence_says_nothing() -> None:
    """No median, no rate, and no silence is surprising."""
    cadence = Cadence(1)
    assert np.isnan(cadence.median_seconds(ONE)[0])
    assert cadence.rows_per_week(ONE)[0] == 0.0
    assert cadence.survival(ONE, np.array([1e9]))[0] == 1.0
    assert cadence.observed(ONE)[0] == 0


def test_first_rows_and_gaps_of_zero_teach_nothing() -> None:
    """Nor do gaps that the caller holds back."""
    cadence = Cadence(1)
    cadence.update(rows(0, np.array([np.nan, 0.0])))
    cadence.update(rows(0, np.array([5.0])), learn=np.array([False]))
    assert cadence.observed(ONE)[0] == 0


@pytest.mark.parametrize("gap", [0.002, 1.0, 300.0, 86_400.0])
def test_the_median_and_the_rate_of_a_regular_sensor_are_exact(gap: float) -> None:
    """Though bins are 40 % wide."""
    cadence = learned(np.full(200, gap))
    assert cadence.median_seconds(ONE)[0] == pytest.approx(gap, rel=1e-4)
    assert cadence.rows_per_week(ONE)[0] == pytest.approx(7 * 86_400 / gap, rel=1e-4)


@pytest.mark.parametrize(("rows", "seconds"), [(100, 60.0), (1000, 6.0), (50, 120.0)])
def test_what_a_row_takes_is_of_rows_and_not_of_messages(rows: int, seconds: float) -> None:
    """Ten may come in one message, and one in two; pauses count as they do."""
    cadence = learned(np.tile([20.0, 100.0], 50))
    assert cadence.seconds_per_row(ONE, np.array([rows]))[0] == pytest.approx(seconds, rel=0.01)
    assert np.isnan(Cadence(1).seconds_per_row(ONE, np.array([0]))[0])


def test_the_median_of_an_irregular_sensor_is_within_a_bin() -> None:
    """And the rate counts long pauses."""
    gaps = np.random.default_rng(0).lognormal(2.0, 1.0, 5000)
    cadence = learned(gaps)
    assert cadence.median_seconds(ONE)[0] == pytest.approx(np.median(gaps), rel=0.2)
    assert cadence.rows_per_week(ONE)[0] == pytest.approx(7 * 86_400 / gaps.mean(), rel=0.05)


def test_gaps_beyond_the_ends_go_into_the_end_bins() -> None:
    """Microseconds and years are no error."""
    cadence = learned(np.array([1e-9, 1e9]))
    assert cadence.observed(ONE)[0] == 2
    assert 0.0 < cadence.survival(ONE, np.array([1e15]))[0] < 1.0


def test_a_regular_sensor_is_silent_after_some_missed_readings() -> None:
    """At a budget of one in a week of 1 Hz; not before it missed a few."""
    gaps = np.random.default_rng(1).normal(1.0, 0.05, 5000)
    assert 5.0 < silent_after(learned(gaps), 1.6e-6) < 30.0
    assert learned(gaps).survival(ONE, np.array([1.5]))[0] > 0.05


def test_a_bursty_sensor_is_not_silent_in_its_pauses() -> None:
    """Where twenty readings come at 1 Hz and then none for ten minutes."""
    random = np.random.default_rng(2)
    pauses = random.random(2000) < 0.05
    gaps = np.where(pauses, 600.0 * random.lognormal(0.0, 0.5, 2000), random.lognormal(0.0, 0.2, 2000))
    cadence = learned(gaps)
    assert cadence.survival(ONE, np.array([600.0]))[0] > 0.01
    assert 2.0 * gaps.max() < silent_after(cadence, 1e-4) < 100.0 * gaps.max()


@pytest.mark.parametrize("seen", [5, 20, 100, 1000])
def test_survival_keeps_its_word_on_laws_it_has_not_been_told(seen: int) -> None:
    """A next gap is called as rare as p in no more than p of cases, and a little for the sample."""
    random = np.random.default_rng(seen)
    for sigma in (0.5, 1.0):
        cadence, sensors = Cadence(100), np.arange(100)
        for sensor in sensors:
            cadence.update(rows(int(sensor), random.lognormal(1.0, sigma, seen)))
        gaps = random.lognormal(1.0, sigma, (100, 100))
        p = np.stack([cadence.survival(sensors, column) for column in gaps.T])
        assert np.mean(p <= 0.1) <= 0.12
        assert np.mean(p <= 0.01) <= 0.015
        assert np.mean(p <= 0.001) <= 0.002


@given(
    st.lists(st.floats(1e-4, 1e7), min_size=1, max_size=60),
    st.lists(st.floats(0, 1e12), min_size=2, max_size=20).map(sorted),
)
def test_survival_falls_and_never_ends(gaps: list[float], elapsed: list[float]) -> None:
    """It is a probability above 0 that does not rise with the time passed."""
    survival = learned(np.array(gaps)).survival(np.zeros(len(elapsed), np.intp), np.array(elapsed))
    assert np.all((survival > 0.0) & (survival <= 1.0))
    assert np.all(np.diff(survival) <= 1e-12)


def test_an_older_rhythm_is_forgotten() -> None:
    """After some half-lives of another one the median and the silence are those of the new."""
    cadence = learned(np.full(3000, 600.0))
    before = silent_after(cadence, 1e-3)
    cadence.update(rows(0, np.full(200_000, 10.0)))
    assert cadence.median_seconds(ONE)[0] == pytest.approx(10.0, rel=1e-3)
    assert silent_after(cadence, 1e-3) < before
    assert np.isfinite(cadence.rows_per_week(ONE)[0])


def test_very_many_half_lives_in_one_update_do_no_harm() -> None:
    """Weights are scaled back before they overflow."""
    cadence = learned(np.full(200_000, 86_400.0))
    assert cadence.median_seconds(ONE)[0] == pytest.approx(86_400.0, rel=1e-3)
    assert 1000 < 1.0 / cadence.survival(ONE, np.array([86_400.0 * 10]))[0] < 1e7


@given(st.lists(st.floats(1e-3, 1e6), max_size=50), st.lists(st.integers(0, 50), max_size=5))
@settings(deadline=None)
def test_batches_do_not_matter_to_the_bit(gaps: list[float], cuts: list[int]) -> None:
    """Gaps taken in at once or in any division give the same arrays."""
    at_once, divided = learned(np.array(gaps)), Cadence(1)
    bounds = [0, *sorted(min(c, len(gaps)) for c in cuts), len(gaps)]
    for a, b in pairwise(bounds):
        divided.update(rows(0, np.array(gaps[a:b])))
    for name, array in at_once.arrays().items():
        np.testing.assert_array_equal(array, divided.arrays()[name], err_msg=name)


def test_a_snapshot_carries_some_sensors() -> None:
    """And `reset` forgets one."""
    cadence, other = Cadence(3), Cadence(3)
    cadence.update(rows(2, np.full(10, 7.0)))
    other.put(np.array([2, 0]), cadence.take(np.array([2, 0])))
    assert other.median_seconds(np.array([2]))[0] == pytest.approx(7.0, rel=1e-5)
    other.restore(cadence.arrays())
    other.reset(np.array([2]))
    assert other.observed(np.arange(3)).tolist() == [0, 0, 0]
