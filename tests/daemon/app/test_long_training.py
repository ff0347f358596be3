"""The long view end to end: learnt from recordings, kept in the artifact, backtested, served."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.artifacts import read_artifacts
from offbeat.app.backtest import run_backtest
from offbeat.app.core_building import build_core
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import train_from_recordings, train_group
from offbeat.config.settings import LimitSettings, ModelSettings
from offbeat.core.jobs import WindowJob
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.ingest.source import LogBatch
from offbeat.replay.splits import Splits
from tests.support.configured import a_source, configured
from tests.support.learnt import TINY, boilers_recorded, pairs_recorded
from tests.support.plant import BOILERS, START, live

HORIZON = 1280.0
"""Bins of 20 seconds: about four readings of a boiler, and more than half of its swing in a horizon."""

FAR = dataclasses.replace(TINY, horizon_seconds=HORIZON, compare=False)
COLUMN = STREAM_NAMES.index("horizon")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a tiny far-sighted training wrote its artifact."""
    return tmp_path_factory.mktemp("far")


@pytest.fixture(scope="module")
def far(folder: Path) -> TrainedGroup:
    """What it learnt of two boilers."""
    (one,) = train_from_recordings(boilers_recorded(900), FAR, folder)
    return one


def test_a_second_model_is_learnt_and_calibrated(far: TrainedGroup) -> None:
    """It has a scale and a law of its own in the commission; its report is told beside the first one's."""
    assert far.long.model is not None
    assert far.long.model.family == "conv_vae"
    assert far.commission.long_scale is not None
    assert far.commission.streams is not None
    assert (far.commission.streams.count[1:, COLUMN] > 100).all()
    assert far.training_dict()["long_view"]["steps"] == TINY.steps  # type: ignore[index]


def test_the_artifact_holds_both_models(far: TrainedGroup, folder: Path) -> None:
    """What is read says what was written."""
    (read,) = read_artifacts(folder)
    assert far.long.model is not None
    assert read.long is not None
    for name, value in far.long.model.state_dict().items():
        assert bool((read.long.state_dict()[name] == value).all())
    np.testing.assert_array_equal(read.commission.long_scale, far.commission.long_scale)


def test_the_past_may_be_too_short_for_it() -> None:
    """Then there is a model all the same, and a sentence that says why the long view is left out."""
    one = train_group(boilers_recorded(300, 1), FAR)
    assert one.long.model is None
    assert "no recording reaches over two horizons" in one.long.note
    assert one.commission.long_scale is None
    assert "two horizons" in one.training_dict()["long_view"]["note"]  # type: ignore[index]


def test_several_channels_are_looked_back_on_together() -> None:
    """A bin holds what each channel said in it."""
    one = train_group(pairs_recorded(900), FAR)
    assert one.long.model is not None
    assert one.long.model.config.channels == 2
    assert one.commission.long_scale is not None
    assert one.commission.long_scale.shape == (3, 2)


def test_a_backtest_warms_the_long_view_up_before_the_test_begins() -> None:
    """The first row after its start has an opinion already; without a horizon none ever has."""
    series = boilers_recorded(1300, 1)
    begin = float(series[0].times_seconds[900])
    judged = run_backtest(series, Splits(begin), FAR).judged[0]
    assert judged.names[COLUMN] == "horizon"
    assert np.isfinite(judged.surprise[:, COLUMN]).all()
    without = run_backtest(series, Splits(begin), dataclasses.replace(FAR, horizon_seconds=None)).judged[0]
    assert np.isnan(without.surprise[:, COLUMN]).all()
    assert len(without.surprise) == len(judged.surprise)


@pytest.mark.usefixtures("far")
def test_the_daemon_serves_it(folder: Path, tmp_path: Path) -> None:
    """By the configuration, from messages: the second model is asked about bins and answers."""
    settings = configured(
        tmp_path,
        a_source("plant/{sensor}/temp"),
        limits=LimitSettings(max_sensors=4),
        model=ModelSettings(artifact=folder, device="cpu", horizon_seconds=HORIZON),
    )
    core = build_core(settings)
    asked: list[WindowJob] = []
    for batch in _heard(380):
        for readings in core.decoder.decode(batch):
            for work in core.pipeline.ingest(readings):
                result = core.engine.scorer.step(work.job) if work.job is not None else None
                core.pipeline.scored(work, result)
        for job in core.pipeline.due_windows(batch.arrival_seconds, 64):
            answer = core.engine.scorer.window(job)
            assert answer is not None
            assert np.isfinite(answer.nll).all()
            asked += [job] if job.long else []
            core.pipeline.windows_scored(job, answer)
    assert len(asked) > 20
    learnt = core.pipeline.groups[0].learnt
    assert learnt is not None
    assert np.isfinite(learnt.long.said(np.array([0]), np.array([asked[-1].last_time_seconds[0]]))).all()


def _heard(rows: int) -> list[LogBatch]:
    times, values = live(0, rows)
    assert times[0] > START
    topic = "plant/" + BOILERS[0].replace(".", "/")
    return [
        LogBatch(i, i + 1, time, [(topic, b'{"ts": %.3f, "value": %.4f}' % (time, value), 0)])
        for i, (time, value) in enumerate(zip(times.tolist(), values.tolist(), strict=True))
    ]
