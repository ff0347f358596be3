"""What is ordinary is learnt the same way with a model and without."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from offbeat.app.calibrating import Past, calibrated
from offbeat.core.orders import Freeze, LearningRules, Orders, PastEpisode
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams.registry import CHEAP_NAMES, STREAM_NAMES, TRACKS
from offbeat.errors import OffbeatError
from offbeat.learn.doubts import AT_HOME_ROWS
from offbeat.learn.enough import Enough, LeftUnknown
from offbeat.learn.exclusions import Exclusions
from offbeat.replay.series import Series
from tests.support.learnt import boilers_recorded
from tests.support.plant import BOILERS

FAULT = slice(300, 303)


def test_without_a_model_the_cheap_streams_and_the_tracks_have_laws() -> None:
    """The model's columns said nothing, and know nothing."""
    past = Past.of(boilers_recorded(400))
    learnt = calibrated(past.commission(), past, CoreSettings(window_readings=32))
    row = np.array([learnt.row_of(BOILERS[0])])
    surprise = learnt.surprise(row, np.full((1, len(STREAM_NAMES)), 1e4, np.float32))[0]
    said = {name for name, value in zip(STREAM_NAMES, surprise, strict=True) if np.isfinite(value)}
    assert {"level", "linear"} <= said <= set(CHEAP_NAMES)
    assert learnt.alarm is not None
    assert learnt.alarm.count[row[0], TRACKS.index("process")] > 300


def test_what_is_doubted_is_neither_normalised_by_nor_played() -> None:
    """A fault in the past is left out of both, unless it is asked for."""
    (one, other) = boilers_recorded(400)
    values = one.values.copy()
    values[FAULT] += 500.0
    series: list[Series] = [dataclasses.replace(one, values=values), other]
    careful, credulous = Past.of(series), Past.of(series, leave_out_doubtful=False)
    assert np.isnan(careful.recordings[0].values[FAULT]).all()
    assert np.isfinite(credulous.recordings[0].values[FAULT]).all()
    core, process = CoreSettings(window_readings=32), TRACKS.index("process")
    counts = [
        float(learnt.alarm.count[learnt.row_of(one.sensor), process])
        for learnt in (calibrated(past.commission(), past, core) for past in (careful, credulous))
        if learnt.alarm is not None
    ]
    assert counts[0] == counts[1] - len(careful.doubts.times_seconds[one.sensor])


def test_a_sensor_of_which_too_little_is_left_takes_no_part() -> None:
    """Not in the doubts either; of the others all is learnt as if it had never been there."""
    one, other, thin = boilers_recorded(400, 3)
    thin = thin.where(np.arange(400) < 63)
    past = Past.of([one, other, thin], False, enough=Enough(64))
    assert past.left_unknown == LeftUnknown(64, {thin.sensor: 63})
    learnt, wanted = past.commission(), Past.of([one, other], False).commission()
    assert learnt.sensors == (one.sensor, other.sensor)
    assert (learnt.center == wanted.center).all()
    assert (learnt.scale == wanted.scale).all()


def test_rows_that_are_doubted_are_not_counted() -> None:
    """Nothing is learnt from them."""
    one, other = boilers_recorded(400)
    values = one.values.copy()
    values[FAULT] += 500.0
    past = Past.of([dataclasses.replace(one, values=values), other], enough=Enough(398))
    assert set(past.left_unknown.readings) == {one.sensor}
    assert one.sensor not in past.doubts.times_seconds


def test_too_little_of_every_sensor_is_refused_with_what_is_needed() -> None:
    """And who has the most."""
    thin = [one.where(np.arange(400) < 15 - i) for i, one in enumerate(boilers_recorded(400))]
    with pytest.raises(OffbeatError, match=rf"{BOILERS[0]} with 15 readings, expected at least 16"):
        Past.of(thin, enough=Enough(16))


def test_an_episode_leaves_nothing_behind_in_what_is_learnt() -> None:
    """The normaliser is bit for bit the same as of a past in which those rows never were, however large the fault."""
    one, other = boilers_recorded(400)
    episode = PastEpisode("e", one.sensor, "level", one.times_seconds[200], one.times_seconds[299])
    rules = LearningRules(margin_seconds=0.0, margin_share=0.0)
    exclusions = Exclusions.of(Orders(), [episode], rules, now=one.times_seconds[-1])
    values = one.values.copy()
    values[200:300] += 500.0
    spoilt = dataclasses.replace(one, values=values)
    rows = np.r_[0:200, 300:400]
    never = dataclasses.replace(one, times_seconds=one.times_seconds[rows], values=one.values[rows])
    past = Past.of([spoilt, other], False, exclusions)
    learnt, wanted = past.commission(), Past.of([never, other], False).commission()
    for name in ("center", "scale", "resolution", "step", "gap_unit_seconds"):
        assert np.array_equal(getattr(learnt, name), getattr(wanted, name)), name
    assert past.left_out.rows == {one.sensor: {"episode": 100}}
    full = calibrated(learnt, past, CoreSettings(window_readings=32))
    assert full.alarm is not None
    row, process = full.row_of(one.sensor), TRACKS.index("process")
    left_out = 100 + AT_HOME_ROWS
    assert full.alarm.count[row, process] == full.alarm.count[full.row_of(other.sensor), process] - left_out


def test_a_sensor_of_which_nothing_is_left_is_named_and_a_group_is_refused() -> None:
    """What to do about it is said."""
    series = boilers_recorded(400)
    one = Exclusions.of(Orders((Freeze(1, "sensor", BOILERS[0], 0.0),)), (), LearningRules(), 0.0)
    past = Past.of(series, False, one)
    assert [kept.sensor for kept in past.series] == [BOILERS[1]]
    assert past.left_out.nothing_left == (BOILERS[0],)
    of_group = Exclusions.of(Orders((Freeze(1, "group", "value", 0.0),)), (), LearningRules(), 0.0)
    with pytest.raises(
        OffbeatError, match=r"nothing is left to learn from \(800 rows: frozen\); .*offbeat thaw"
    ):
        Past.of(series, False, of_group, "value")
