"""What of the recordings is not learnt from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.recording import Recording
from offbeat.core.streams.registry import STREAM_NAMES, STREAM_TRACKS
from offbeat.learn.doubts import AT_HOME_ROWS, Doubts

CHANNELS = ("value",)


def recording(sensor: str = "one", rows: int = 1200, seed: int = 0) -> Recording:
    """Return a sensor that wanders around its level."""
    random = np.random.default_rng(seed)
    times = 1.7e9 + np.cumsum(random.uniform(5, 15, rows))
    values = np.sin(np.arange(rows) / 9) + 0.1 * random.normal(size=rows)
    return Recording(sensor, times, values[:, None].astype(np.float32))


def spoilt(one: Recording, rows: NDArray[np.intp]) -> Recording:
    """Return the recording with some rows far off."""
    values = one.values.copy()
    values[rows] += 9
    return dataclasses.replace(one, values=values)


SPOILT_ROWS = np.r_[300:330, 700, 900]


def test_faults_are_found_and_a_clean_past_is_left_whole() -> None:
    """Of two sensors the one that had faults is doubted, where it had them."""
    clean, faulty = recording("clean", seed=1), spoilt(recording("faulty"), SPOILT_ROWS)
    doubts = Doubts.looked_for(CHANNELS, [clean, faulty])
    assert list(doubts.times_seconds) == ["faulty"]
    doubted = doubts.of("faulty", faulty.times_seconds)
    assert doubted[SPOILT_ROWS].all()
    assert doubted.mean() < 0.15


def test_what_is_learnt_is_what_would_have_been_learnt_without_the_faults() -> None:
    """Scale and steps are those of the clean past; without looking they are not."""
    clean, faulty = recording(), spoilt(recording(), np.r_[100:220])
    learnt, naive, wanted = (
        fit_normaliser_and_ridge(CHANNELS, past).scale[1, 0]
        for past in (Doubts.looked_for(CHANNELS, [faulty]).hidden([faulty]), [faulty], [clean])
    )
    assert abs(learnt / wanted - 1) < 0.05 < abs(naive / wanted - 1)


def test_hidden_rows_keep_their_times() -> None:
    """The rhythm is no part of what is doubted."""
    faulty = spoilt(recording(), SPOILT_ROWS)
    doubts = Doubts({"one": faulty.times_seconds[SPOILT_ROWS]})
    (hidden,) = doubts.hidden([faulty])
    assert np.array_equal(hidden.times_seconds, faulty.times_seconds)
    assert hidden.values.dtype == np.float32
    assert np.array_equal(np.flatnonzero(np.isnan(hidden.values[:, 0])), SPOILT_ROWS)
    assert doubts.hidden([recording("another")])[0].values is not None


def test_the_gap_where_rows_were_left_out_says_nothing_of_the_rhythm() -> None:
    """While the gap over the hole is among the newest eight; all other rows keep what they say."""
    one = recording(rows=20)
    doubts = Doubts({"one": one.times_seconds[4:6]})
    played = np.delete(one.times_seconds, [4, 5])
    said = np.ones((18, len(STREAM_NAMES)), np.float32)
    rhythm = np.array([track == "rhythm" for track in STREAM_TRACKS])
    left = doubts.without_false_gaps("one", played, said)
    assert rhythm.any()
    assert np.array_equal(np.isnan(left), np.isin(np.arange(18), np.arange(4, 12))[:, None] & rhythm)
    assert doubts.without_false_gaps("another", played, said) is said


def test_the_report_says_how_many_rows_of_which_sensors() -> None:
    """And nothing where nothing was left out."""
    doubts = Doubts({"b": np.zeros(3), "a": np.zeros(2)})
    assert doubts.to_dict() == {"left_out": {"rows": 5, "sensors": {"a": 2, "b": 3}}}
    assert Doubts().to_dict() == {}
    assert Doubts.looked_for(CHANNELS, []) == Doubts()


@pytest.mark.parametrize("rows", range(1, 20))
def test_a_sensor_of_few_rows_may_have_a_cut(rows: int) -> None:
    """Fewer rows than the streams need to be at home again: what is said after the cut is left out, and no more."""
    times = np.arange(rows, dtype=np.float64)
    said = np.ones((rows, len(STREAM_NAMES)), np.float32)
    left = Doubts({}).without_false_gaps("s", times, said, np.array([0.5]))
    assert np.isfinite(left[0]).all()
    assert np.isnan(left[1 : 1 + AT_HOME_ROWS]).all()
    assert np.isfinite(left[1 + AT_HOME_ROWS :]).all()
