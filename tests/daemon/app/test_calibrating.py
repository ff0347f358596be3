"""What is ordinary is learnt the same way with a model and without."""

from __future__ import annotations

import dataclasses

import numpy as np

from offbeat.app.calibrating import Past, calibrated
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.streams.registry import CHEAP_NAMES, STREAM_NAMES, TRACKS
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
