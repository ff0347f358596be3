"""Memory in wall time, bounded by the pace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import horizon


def test_the_memory_is_four_hours_between_its_bounds() -> None:
    """At 10 minutes a row the mean age is that of a moving average over four hours."""
    keep = float(horizon.decay(np.array([600.0]), np.array([1.0]))[0])
    assert keep / (1 - keep) == pytest.approx(2 * 3600 / 600, rel=0.05)


def test_the_memory_is_four_rows_at_least_and_64_usual_gaps_at_most() -> None:
    """Daily sensors remember four rows, fast ones 64 at their usual pace, a first row loses nothing it has not got."""
    slow, fast, first = horizon.decay(np.array([86_400.0, 0.001, np.nan]), np.array([1.0, 1.0, np.nan]))
    assert slow == horizon.of_rows(4)
    assert fast == pytest.approx(horizon.of_rows(64))
    assert first == 1.0


def test_a_lost_reading_does_not_make_the_memory_longer() -> None:
    """What is left after two usual gaps is the same whether one row came in between or none."""
    one = horizon.decay(np.array([1.0]), np.array([1.0]))[0]
    two = horizon.decay(np.array([2.0]), np.array([2.0]))[0]
    assert two == pytest.approx(one * one)


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=50), st.floats(0.125, 1, width=32))
def test_fade_is_the_weighted_mean_of_what_was_seen(values: list[float], keep: float) -> None:
    """The recursion equals the sum it stands for, and begins with the first value itself."""
    mean, weight = np.zeros(1, np.float32), np.zeros(1, np.float32)
    seen = np.array([True])
    for value in values:
        mean, weight = horizon.fade(mean, weight, np.array([value], np.float32), np.float32(keep), seen)
    weights = np.float64(keep) ** np.arange(len(values))[::-1]
    assert mean[0] == pytest.approx(np.average(values, weights=weights), rel=1e-3, abs=1e-2)


def test_what_was_not_seen_leaves_the_mean_and_fades_its_weight() -> None:
    """A missing value is not zero."""
    mean, weight = horizon.fade(
        np.array([2.0], np.float32),
        np.array([4.0], np.float32),
        np.array([np.nan], np.float32),
        np.float32(0.5),
        np.array([False]),
    )
    assert mean[0] == 2.0
    assert weight[0] == 2.0


def test_a_day_is_bounded_in_rows_too() -> None:
    """What halves in a day halves in no fewer than 200 rows and no more than 3000."""
    five_minutes, hourly, fast, first = horizon.day(np.array([300.0, 3600.0, 0.1, np.nan])).astype(float)
    assert five_minutes ** (86_400 / 300) == pytest.approx(0.5, rel=1e-3)
    assert hourly**200 == pytest.approx(0.5, rel=1e-3)
    assert fast**3000 == first**3000 == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("rhythm", ["regular", "poisson", "bursts", "two channels"])
def test_an_average_of_irregular_rows_stays_settled_once_it_is(rhythm: str) -> None:
    """It is time that fills a memory: a row soon after another one is heard as well."""
    random = np.random.default_rng(0)
    gaps = {
        "regular": np.ones(400),
        "poisson": random.exponential(1.0, 400),
        "bursts": np.tile([60.0, *[1.0] * 9], 40),
        "two channels": np.tile([1.0, 0.005], 200),
    }[rhythm].astype(np.float32)
    weight, filled, said = np.zeros(1, np.float32), np.zeros(1, np.float32), []
    for gap in gaps:
        keep = horizon.decay(np.array([gap]), np.array([gap]))
        filled = horizon.fill(filled, keep, weight)
        _, weight = horizon.fade(weight, weight, weight, keep, np.array([True]))
        said.append(bool(horizon.settled(filled)[0]))
    assert not any(said[:3])
    assert all(said[100:])


def test_an_average_whose_channel_was_away_begins_anew() -> None:
    """What is left of it after hundreds of rows is no mean; nor has one begun that never saw anything."""
    keep, filled, weight = horizon.of_rows(64), np.zeros(1, np.float32), np.zeros(1, np.float32)
    for seen in [True] * 100 + [False] * 300:
        filled = horizon.fill(filled, keep, weight)
        _, weight = horizon.fade(weight, weight, weight, keep, np.array([seen]))
    assert not horizon.settled(filled)[0]
    assert not horizon.fill(np.zeros(1, np.float32), keep, np.zeros(1, np.float32))[0]
