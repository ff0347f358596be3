"""A model on trial beside the one in service, on the newest stretch of the log."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from offbeat.app.artifacts import GroupArtifact, read_artifact
from offbeat.app.shadow import FEWEST_ROWS, SHARE, Stretch, hold_back, try_out
from offbeat.app.training import train_from_recordings
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.errors import OffbeatError
from offbeat.learn.trials import RECALL
from tests.support.learnt import TINY, boilers_recorded
from tests.support.plant import BOILERS

ROWS = 1500
CORE = CoreSettings(window_readings=64)


@pytest.fixture(scope="module")
def held() -> Stretch:
    """The newest stretch of four boilers."""
    return hold_back(boilers_recorded(ROWS, sensors=4, channel="value"), CORE.window_readings)[1]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> GroupArtifact:
    """What was learnt of the time before it."""
    folder = tmp_path_factory.mktemp("shadow")
    learn, _ = hold_back(boilers_recorded(ROWS, sensors=4, channel="value"), CORE.window_readings)
    train_from_recordings(learn, TINY, folder)
    return read_artifact(folder / "value")


def test_the_newest_part_is_kept_from_learning() -> None:
    """With the rows before it that windows need; nothing is in both."""
    series = boilers_recorded(ROWS, sensors=2)
    learn, stretch = hold_back(series, lead_rows=64)
    for whole, part, tried in zip(series, learn, stretch.series, strict=True):
        since = stretch.since_seconds[whole.sensor]
        assert part.times_seconds.max() < since
        assert len(part) + np.count_nonzero(whole.times_seconds >= since) == ROWS
        assert np.count_nonzero(tried.times_seconds >= since) == pytest.approx(SHARE * ROWS, abs=2)
        assert np.count_nonzero(tried.times_seconds < since) == 64


def test_of_a_slow_sensor_some_rows_are_kept_though_they_take_days() -> None:
    """A reading every two hours is twelve a day."""
    (slow,) = boilers_recorded(ROWS, sensors=1)
    slow = dataclasses.replace(slow, times_seconds=1e9 + 7200.0 * np.arange(ROWS))
    (part,), stretch = hold_back([slow], lead_rows=64)
    assert len(part) == ROWS - FEWEST_ROWS
    assert np.count_nonzero(slow.times_seconds >= stretch.since_seconds[slow.sensor]) == FEWEST_ROWS


def test_too_short_a_past_is_refused_with_what_is_needed() -> None:
    """To learn from it and to judge by it."""
    with pytest.raises(OffbeatError, match=rf"has 50 rows; .* {int(FEWEST_ROWS / SHARE)} are needed"):
        hold_back(boilers_recorded(50), lead_rows=64)


def test_a_first_model_is_tried_on_faults_and_on_what_was(model: GroupArtifact, held: Stretch) -> None:
    """Its figures are told, those of another are not there."""
    verdict = try_out(model, None, held, CORE, BOILERS)
    assert verdict.better
    assert (verdict.version, verdict.against, verdict.promoted) == (model.version, "", False)
    assert verdict.reason.startswith("the first model: ")
    assert set(verdict.figures) == {
        "nats a value", RECALL, "injected faults", "alerts", "alerts a sensor and week",
    }  # fmt: skip
    recall, other = verdict.figures[RECALL]
    assert recall is not None
    assert recall > 0.3
    assert other is None


def test_a_model_against_itself_is_no_different(model: GroupArtifact, held: Stretch) -> None:
    """The same rows, the same faults: all figures are equal, and nothing is exchanged."""
    verdict = try_out(model, model, held, CORE, BOILERS)
    assert (verdict.better, verdict.reason) == (False, "no clear difference")
    assert all(own == other for own, other in verdict.figures.values())


def test_likelihoods_are_compared_in_the_units_of_the_sensor(model: GroupArtifact, held: Stretch) -> None:
    """Normalised thirty times too wide a candidate foretells next to nothing, however calm it is in its own units."""
    wide = dataclasses.replace(model.commission, scale=model.commission.scale * np.float32(30.0))
    candidate = dataclasses.replace(model, commission=wide, version="worse")
    verdict = try_out(candidate, model, held, CORE, BOILERS)
    assert not verdict.better
    assert "nats worse foretold" in verdict.reason
    own, other = verdict.figures["nats a value"]
    assert own is not None
    assert other is not None
    assert own > other + 1.0


def test_sensors_that_joined_are_a_reason(model: GroupArtifact, held: Stretch, tmp_path: Path) -> None:
    """A model in service that knows half of them is as good on these, and knows less."""
    series = hold_back(boilers_recorded(ROWS, sensors=4, channel="value"), CORE.window_readings)[0]
    train_from_recordings(series[:2], TINY, tmp_path)
    before = read_artifact(tmp_path / "value")
    verdict = try_out(model, before, held, CORE, BOILERS)
    assert verdict.figures["nats a value"][1] is not None
    assert verdict.better, verdict.reason
