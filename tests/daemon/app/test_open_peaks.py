"""What open episodes have reached since their events told of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from offbeat.app.open_peaks import Peak, peaks_of_open, with_peaks
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.state.store import Episode
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant

HOT = BOILERS[2]
PEAK = Peak(HOT, Track.PROCESS, 5.0, 3.0)


@pytest.fixture(scope="module")
def hot() -> tuple[Pipeline, EpisodeEvent]:
    """Four boilers, the third of which has run hot, and what was told of it first."""
    whole, readings = plant(), Readings()
    for i in range(len(BOILERS)):
        times, values = live(i, 120)
        readings.add(i, times, values + np.where(np.arange(120) > 100, 40 * (i == 2), 0).astype(np.float32))
    [told] = [one for one in play(whole, readings.batches(40), FakeScorer()).events if one.event == "open"]
    return whole, told


def test_what_is_open_is_found_once_by_the_id_that_was_told(hot: tuple[Pipeline, EpisodeEvent]) -> None:
    """However often the sensor is asked for; those without an open episode, and unknown ones, are left out."""
    whole, told = hot
    [peak] = peaks_of_open(whole, [HOT, BOILERS[0], HOT, "unknown"])
    assert (peak.sensor, peak.track, peak.episode) == (HOT, Track.PROCESS, told.id)
    assert peak.score >= told.score


def test_an_open_episode_is_told_with_the_higher_score() -> None:
    """What it reached since, where that is worse than what its events told."""
    assert with_peaks([episode(2.0), episode(4.0)], [PEAK]) == [episode(3.0), episode(4.0)]


def test_an_episode_that_is_over_or_of_which_nothing_is_known_stays_as_it_was_told() -> None:
    """And one without a score, as that of a silence, gets none."""
    told = [replace(episode(2.0), closed_at=9.0), replace(episode(2.0), id="another"), episode(None)]
    assert with_peaks(told, [PEAK]) == told


def episode(peak_score: float | None) -> Episode:
    """Return the episode that `PEAK` is of, as the history knows it."""
    rule = TRACKS[PEAK.track]
    return Episode(
        PEAK.episode, HOT, rule.family, rule.kind, "warning", 5.0, 5.0, None, peak_score, "hot", {}, {}
    )
