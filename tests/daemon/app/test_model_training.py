"""A baseline in a model's place, and the comparison beside a training."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.artifacts import read_artifacts
from offbeat.app.backtest import run_backtest
from offbeat.app.comparison_text import line, table, warning
from offbeat.app.scorers import build_scorer
from offbeat.app.training import train_from_recordings
from offbeat.config.settings import ModelSettings
from offbeat.core.jobs import StepJob
from offbeat.errors import OffbeatError
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.comparison import Comparison, Figures
from tests.support.learnt import TINY, boilers_recorded, constant, pairs_recorded

COMPARED = Comparison(
    Figures("lstm_vae", 0.5, 0.4, {}),
    (Figures("robust_z", 0.3, 0.2, {}), Figures("pca", 0.6, 0.4, {})),
    7,
    90,
)


@pytest.mark.parametrize("family", list(BASELINES))
def test_a_baseline_is_learnt_written_read_and_asked_as_a_model_is(family: str, tmp_path: Path) -> None:
    """Also of two channels."""
    plan = dataclasses.replace(TINY, family=family)
    (group,) = train_from_recordings(pairs_recorded(300), plan, tmp_path)
    assert group.report.stopped == "fitted"
    (artifact,) = read_artifacts(tmp_path)
    assert (artifact.name, artifact.version) == (family, group.version)
    scorer = build_scorer({0: artifact}, ModelSettings(), TINY.core, capacity=4)
    zeros = np.zeros((1, 3, 2), np.float32)
    job = StepJob(
        0,
        np.array([2], np.int32),
        np.array([1]),
        zeros,
        zeros + 1,
        np.ones((1, 3), np.float32),
        np.array([3]),
    )
    said = scorer.step(job)
    assert said is not None
    assert np.isfinite(said.value_nll[:, 1:]).all()


def test_what_a_baseline_finds_opens_an_episode() -> None:
    """In the backtest, which is the service on virtual time: a level far off what the sensor ever said."""
    (recorded,) = boilers_recorded(600, 1)
    values = recorded.values.copy()
    values[540:570] += 200.0
    series = dataclasses.replace(recorded, values=values)
    plan = dataclasses.replace(TINY, family="robust_z")
    split = float(series.times_seconds[500])
    result = run_backtest([series], Splits(default_seconds=split), plan)
    opened = [event for event in result.events if event.event == "open"]
    assert any(series.times_seconds[540] <= event.started_at <= series.times_seconds[570] for event in opened)


def test_a_group_of_which_nothing_can_be_learnt_is_refused_for_baselines_too(tmp_path: Path) -> None:
    """In the words of a training."""
    with pytest.raises(
        OffbeatError, match=r"was not trained: every channel of all 1 usable sensors is constant"
    ):
        train_from_recordings([constant()], dataclasses.replace(TINY, family="pca"), tmp_path)


def test_the_comparison_is_kept_in_the_artifact(tmp_path: Path) -> None:
    """For whoever asks later what the model was worth."""
    plan = dataclasses.replace(TINY, compare=True, steps=5)
    (group,) = train_from_recordings(boilers_recorded(), plan, tmp_path)
    assert group.comparison is not None
    manifest = json.loads((tmp_path / "value" / "manifest.json").read_text())
    kept = manifest["training"]["comparison"]
    assert kept["not_beaten"] == group.comparison.better()
    assert [one["detector"] for one in kept["baselines"]] == list(BASELINES)


def test_a_past_too_short_to_hold_any_back_is_not_compared(tmp_path: Path) -> None:
    """And is learnt all the same."""
    short = [
        Series(one.sensor, one.channels, one.times_seconds[:60], one.values[:60])
        for one in boilers_recorded()
    ]
    (group,) = train_from_recordings(short, dataclasses.replace(TINY, compare=True, steps=5), tmp_path)
    assert group.comparison is None
    assert "comparison" not in group.training_dict()


def test_people_read_a_table_a_line_and_a_warning() -> None:
    """The warning names who is better, and what to do."""
    assert table(COMPARED)[2:] == [
        "  lstm_vae       0.50    0.40",
        "  robust_z       0.30    0.20",
        "  pca            0.60    0.40",
    ]
    assert line(COMPARED).endswith("lstm_vae 0.50 / 0.40, robust_z 0.30 / 0.20, pca 0.60 / 0.40")
    said = warning(COMPARED, "temp")
    assert said is not None
    assert said.startswith("on sensors with temp the model lstm_vae does not win: pca is as good or better")
    assert said.endswith("or set model.family to 'pca'")
    alone = dataclasses.replace(COMPARED, baselines=COMPARED.baselines[:1])
    assert warning(alone, "temp") is None
