"""The stuck stream."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.streams.stuck import StuckStream, runs_of
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def repeats(commission_values: np.ndarray, rows: int, gap: float = 1.0) -> list[float]:
    """Return what is said while a value of a sensor with this past repeats for so many rows."""
    commission = commissioned(recording(commission_values))
    stream = StuckStream(commission, 1)
    stream.update(rounds_of_one(commission, commission_values[:1])[0])
    again = commission_values[:1, None]
    return [float(stream.update(round_of(commission, [0], again, [gap]))[0, 0]) for _ in range(rows)]


def test_a_value_that_never_repeats_is_stuck_after_some_repeats() -> None:
    """Every repeat adds, and one alone is no proof."""
    said = repeats(np.random.default_rng(0).normal(size=3000), 12)
    assert (np.diff(said) > 0).all()
    assert said[0] < 0.6
    assert said[-1] > 3.5


def test_a_quantised_sensor_is_given_the_runs_it_has() -> None:
    """Runs as long as those of the past say nothing; runs ten times as long do."""
    values = np.round(np.cumsum(np.random.default_rng(1).normal(size=5000)) * 0.2)
    runs = np.diff(np.flatnonzero(np.diff(values)))
    said = repeats(values, 10 * int(runs.max()))
    assert said[int(np.median(runs)) - 1] < 1
    assert said[-1] > 4


def test_a_set_point_that_changed_three_times_is_not_stuck_at_its_longest_yet() -> None:
    """Few runs say little: twice the longest of three is no news."""
    values = np.repeat([20.0, 21.0, 19.5], [500, 900, 800])
    assert repeats(values, 1800)[-1] < 1.2


def test_copies_in_a_burst_are_not_stuck() -> None:
    """Many rows in no time count as no time."""
    said = repeats(np.random.default_rng(2).normal(size=3000), 50, gap=0.01)
    assert max(said) < 1


def test_a_channel_that_never_moved_cannot_be_stuck() -> None:
    """It has no opinion, however long it holds still."""
    assert np.isnan(repeats(np.full(200, 3.0), 20)).all()


def strange(values: list[float]) -> list[float]:
    """Return what is said of the values of a sensor that nobody knows."""
    commission = commissioned(recording(np.random.default_rng(4).normal(size=3000)))
    stream = StuckStream(commission, 1)
    rounds = [replace(round_of(commission, [0], np.array([[v]]), [1.0]), row=np.array([0])) for v in values]
    return [float(stream.update(one)[0, 0]) for one in rounds]


def test_a_stranger_is_judged_by_its_own_runs() -> None:
    """One that always changes is stuck after a dozen repeats, one that repeats itself is given as much."""
    random = np.random.default_rng(5)
    lively = random.normal(size=200).tolist()
    assert strange([*lively, *[7.0] * 14])[-1] > 5
    slow = np.repeat(random.normal(size=40), 12).tolist()
    assert strange([*slow, *[7.0] * 24])[-1] < 3
    assert strange([*slow, *[7.0] * 400])[-1] > 5


def test_a_stranger_that_has_not_changed_yet_is_not_stuck() -> None:
    """Nor one that changed but once or twice: nobody knows what it does."""
    assert max(strange([3.0] * 500)) == 0
    assert max(strange([3.0, 4.0, *[5.0] * 500])) < 2


def test_that_one_channel_of_many_stands_is_less_of_a_surprise_than_that_the_only_one_does() -> None:
    """By the number of channels: a stranger's are not calibrated together."""
    random = np.random.default_rng(7)
    said = []
    for channels in (1, 10):
        commission = commissioned(recording(random.normal(size=(3000, channels))))
        values = random.normal(size=(240, channels))
        values[200:, 0] = 7.0
        stream = StuckStream(commission, 1)
        rounds = [replace(round_of(commission, [0], row[None], [1.0]), row=np.array([0])) for row in values]
        said.append([float(stream.update(one)[0, 0]) for one in rounds][-1])
    assert said[0] - said[1] == pytest.approx(1.0, abs=1e-4)


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1.0, 3e38, -3e38, float("nan")]),
        max_size=40,
    )
)
def test_runs_are_all_that_was_observed_cut_where_the_value_changes(values: list[float]) -> None:
    """However far it moves, and whatever was missed in between."""
    observed, firsts, lasts = runs_of(np.array(values, np.float32))
    seen = [value for value in values if value == value]
    assert len(observed) == len(seen)
    runs = [seen[first : last + 1] for first, last in zip(firsts, lasts, strict=True)]
    assert [value for run in runs for value in run] == seen
    assert all(len(set(run)) == 1 for run in runs)
    assert all(before[0] != after[0] for before, after in itertools.pairwise(runs))
