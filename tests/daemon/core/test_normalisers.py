"""Scales of known sensors, of newcomers, and of newcomers that have been here for a while."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.episodes import Episodes
from offbeat.core.holds import Holds
from offbeat.core.normalisers import COMMISSIONED, PROVISIONAL, UNKNOWN, Normalisers
from offbeat.core.windows import Windows
from offbeat.testing.readings import Readings
from tests.support.commissioned import commissioned, recording
from tests.support.plant import boilers_learnt, pairs_learnt

FIRST = 8
FREE = Holds(Episodes(3, EpisodeRules()), 3, 0.0)


def grown(windows: Windows, values: np.ndarray, gap: float = 2.0, sensor: int = 1) -> None:
    """Put rows of one sensor into windows."""
    before = int(windows.counts[sensor])
    times = (before + np.arange(len(values))) * gap
    windows.insert(Readings().add_rows(sensor, times, values).batch())


def test_a_known_sensor_has_the_scale_it_was_commissioned_with() -> None:
    """And an unknown one has none."""
    learnt = boilers_learnt()
    normalisers = Normalisers(learnt, 3, FIRST)
    normalisers.commission(np.array([0, 1]), np.array([2, 0]))
    assert normalisers.stage.tolist() == [COMMISSIONED, UNKNOWN, UNKNOWN]
    values = np.array([[70.0], [70.0]], np.float32)
    known = np.array([[True], [False]])
    z = normalisers.normalise(np.array([0, 1]), values, known)
    assert z[0, 0] == learnt.normalise(np.array([2]), values[:1], known[:1])[0, 0]
    assert z[1, 0] == 0


def test_a_newcomer_is_scaled_by_its_first_rows_and_by_no_others() -> None:
    """Rows the normaliser was learnt from are not judged by it; what comes after does not move it."""
    normalisers, windows = Normalisers(boilers_learnt(), 3, FIRST), Windows(3, 32, 1)
    ramp = np.arange(5, dtype=np.float32)[:, None]
    grown(windows, ramp)
    normalisers.learn(np.array([1]), windows, FREE)
    assert normalisers.stage[1] == UNKNOWN
    grown(windows, ramp + 5)
    normalisers.learn(np.array([1]), windows, FREE)
    assert normalisers.stage[1] == PROVISIONAL
    assert normalisers.center[1, 0] == 3.5
    assert normalisers.unit_seconds[1] == 2.0
    assert normalisers.rows_per_week[1] == 604_800 / 2
    age = np.array([7, 8])
    assert normalisers.applies(np.array([1, 1]), age).tolist() == [False, True]


def test_a_full_window_scales_a_newcomer_for_good() -> None:
    """It is learnt again once, and never after."""
    normalisers, windows = Normalisers(boilers_learnt(), 3, FIRST), Windows(3, 16, 1)
    values = np.arange(16, dtype=np.float32)[:, None]
    grown(windows, values[:8])
    normalisers.learn(np.array([1]), windows, FREE)
    assert not len(normalisers.learn_again(np.array([1]), windows, FREE))
    grown(windows, values[8:])
    assert normalisers.learn_again(np.array([1]), windows, FREE).tolist() == [1]
    assert normalisers.center[1, 0] == 7.5
    grown(windows, values + 100)
    assert not len(normalisers.learn_again(np.array([1]), windows, FREE))
    assert normalisers.center[1, 0] == 7.5


def test_a_channel_that_did_not_move_or_was_not_there_borrows_from_the_fleet() -> None:
    """A scale is never 0, so a first move is large but finite."""
    learnt = pairs_learnt()
    normalisers, windows = Normalisers(learnt, 3, FIRST), Windows(3, 32, 2)
    rows = np.stack([np.full(8, 50.0), np.full(8, np.nan)], axis=1)
    grown(windows, rows, gap=0.5)
    normalisers.learn(np.array([1]), windows, FREE)
    assert normalisers.center[1].tolist() == [50.0, learnt.center[0, 1]]
    assert normalisers.scale[1, 0] == pytest.approx(0.05 * learnt.scale[0, 0])
    assert normalisers.scale[1, 1] == learnt.scale[0, 1]


def test_where_sensors_share_no_unit_nothing_can_be_borrowed() -> None:
    """A first move is measured by what was held still at, and a channel that was not there is not judged."""
    learnt = pairs_learnt()
    prior = replace(learnt, scale=np.zeros_like(learnt.scale))
    normalisers, windows = Normalisers(prior, 3, FIRST), Windows(3, 32, 2)
    rows = np.stack([np.full(8, 50.0), np.full(8, np.nan)], axis=1)
    grown(windows, rows)
    grown(windows, np.zeros((8, 2)), sensor=2)
    normalisers.learn(np.array([1, 2]), windows, FREE)
    assert normalisers.scale[:, 0] == pytest.approx([0, 0.05 * 50.0, 0.05])
    seen = np.ones((1, 2), np.bool_)
    assert normalisers.known(np.array([1]), seen).tolist() == [[True, False]]
    assert normalisers.known(np.array([1]), seen[None]).tolist() == [[[True, False]]]


def test_huge_values_stay_finite() -> None:
    """The largest float32 over the smallest scale is no infinity."""
    normalisers = Normalisers(boilers_learnt(), 2, FIRST)
    normalisers.scale[0], normalisers.stage[0] = 1e-30, PROVISIONAL
    z = normalisers.normalise(np.array([0]), np.array([[3e38]], np.float32), np.array([[True]]))
    assert np.isfinite(z).all()


@pytest.mark.parametrize(("now", "still"), [([7.0] * 16, True), ([7.0, 7.5] * 8, False)])
def test_a_channel_that_never_moved_is_constant_where_it_is_now_as_long_as_it_does_not_move(
    now: list[float], still: bool
) -> None:
    """A sensor that has changed for good is learnt again from its window."""
    fleet = commissioned(recording(np.full(300, 3.0)))
    normalisers, windows = Normalisers(fleet, 3, FIRST), Windows(3, 16, 1)
    normalisers.commission(np.array([1]), np.array([1]))
    assert (normalisers.center[1, 0], normalisers.still[1, 0]) == (3.0, True)
    grown(windows, np.array(now, np.float32)[:, None])
    normalisers.forget(np.array([1]))
    normalisers.learn(np.array([1]), windows, FREE)
    assert normalisers.still[1, 0] == still
    assert normalisers.center[1, 0] == pytest.approx(np.median(now[:FIRST]))


@pytest.mark.parametrize(("width", "is_wider"), [(0.01, False), (1000.0, True)])
def test_the_scale_of_a_sensor_that_has_changed_grows_with_its_window_and_never_shrinks(
    width: float, is_wider: bool
) -> None:
    """A narrow window shows part of a slow swing."""
    learnt, windows = boilers_learnt(), Windows(3, 16, 1)
    normalisers = Normalisers(learnt, 3, FIRST)
    normalisers.commission(np.array([1]), np.array([1]))
    grown(windows, np.linspace(0, width, 16, dtype=np.float32)[:, None])
    normalisers.forget(np.array([1]))
    normalisers.learn(np.array([1]), windows, FREE)
    assert (normalisers.scale[1, 0] > learnt.scale[1, 0]) == is_wider
    assert normalisers.scale[1, 0] >= learnt.scale[1, 0]
