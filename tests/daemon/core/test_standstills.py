"""A standstill that came once is doubted; one that comes again and again is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat.core.doubt import MOST_SHARE
from offbeat.core.standstills import FEWEST_ROWS, doubtful_standstills

ROWS = 1500
Floats = NDArray[np.float32]


def wandering(rows: int = ROWS, channels: int = 1) -> Floats:
    """Return values that never repeat."""
    return np.random.default_rng(0).normal(size=(rows, channels)).astype(np.float32)


def steps(lengths: NDArray[np.intp]) -> Floats:
    """Return set points that stand for so many rows each."""
    return np.repeat(np.arange(len(lengths), dtype=np.float32), lengths)[:, None]


def test_a_sensor_that_stood_still_once_is_doubted_from_the_second_equal_row_on() -> None:
    """The first is as good as any reading."""
    values = wandering()
    values[700:732] = values[700]
    assert np.flatnonzero(doubtful_standstills(values)).tolist() == list(range(701, 732))


def test_several_standstills_do_not_hide_each_other() -> None:
    """Three of a past in which nothing else repeats."""
    values = wandering()
    for first in (100, 600, 1200):
        values[first : first + 32] = values[first]
    assert np.count_nonzero(doubtful_standstills(values)) == 3 * 31


def test_one_channel_that_stands_still_is_enough() -> None:
    """Nothing is learnt of the whole row: what the others said beside it belongs to it."""
    values = wandering(channels=3)
    values[700:732, 1] = values[700, 1]
    assert np.count_nonzero(doubtful_standstills(values)) == 31


def test_set_points_are_the_sensors_way() -> None:
    """However long each stands; one five times as long as all others is not."""
    lengths = np.random.default_rng(1).integers(8, 20, 120)
    assert not doubtful_standstills(steps(lengths)).any()
    lengths[60] = 100
    assert np.count_nonzero(doubtful_standstills(steps(lengths))) == 99


def test_repeats_by_chance_are_no_standstill() -> None:
    """Of a sensor with three values a run of a dozen is none, nor are short runs of one that hardly repeats."""
    few = np.random.default_rng(2).integers(0, 3, (5000, 1)).astype(np.float32)
    assert not doubtful_standstills(few).any()
    values = wandering()
    values[700 : 700 + FEWEST_ROWS - 1] = values[700]
    assert not doubtful_standstills(values).any()


def test_readings_that_are_missing_do_not_end_a_standstill() -> None:
    """What was not observed did not change; it lies within, and is left out with it."""
    values = wandering()
    values[700:740] = values[700]
    values[700:740:2] = np.nan
    assert np.flatnonzero(doubtful_standstills(values)).tolist() == list(range(703, 740))


@pytest.mark.parametrize(
    "values", [np.zeros((0, 1)), np.full((500, 2), np.nan), np.ones((500, 1)), np.arange(9.0)[:, None]]
)
def test_where_nothing_ever_changes_or_little_is_known_nothing_is_doubted(values: Floats) -> None:
    """Constant, silent and short recordings are as they are."""
    assert not doubtful_standstills(values.astype(np.float32)).any()


def test_a_state_that_lasts_is_a_change_and_no_accident() -> None:
    """A machine that was off for a third of the time is known to be off."""
    values = wandering()
    values[900:1400] = 0.0
    assert not doubtful_standstills(values).any()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    levels=st.integers(1, 400),
    stills=st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(1, 400)), max_size=8),
    scale=st.floats(1e-3, 1e3),
)
def test_whatever_the_past_no_more_than_a_share_is_left_out_and_units_do_not_matter(
    seed: int, levels: int, stills: list[tuple[int, int]], scale: float
) -> None:
    """And only rows that repeat what was there before."""
    values = np.random.default_rng(seed).integers(0, levels, (ROWS, 1)).astype(np.float32)
    for first, length in stills:
        values[first : first + length] = values[first]
    doubted = doubtful_standstills(values)
    assert np.count_nonzero(doubted) <= MOST_SHARE * ROWS
    repeats = np.concatenate([[False], values[1:, 0] == values[:-1, 0]])
    assert repeats[doubted].all()
    assert np.array_equal(doubtful_standstills(values * np.float32(2.0 ** np.round(np.log2(scale)))), doubted)
