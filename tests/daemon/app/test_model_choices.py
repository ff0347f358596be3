"""Sources of the same channels with models of their own: from the configuration over training to service."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from offbeat.app.core_building import build_core
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.config.settings import LimitSettings, ModelSettings
from offbeat.core.decisions import Decisions
from offbeat.core.model_choice import ModelChoice
from offbeat.core.sensors import UNIVARIATE
from offbeat.errors import ConfigError
from offbeat.ingest.source import LogBatch
from tests.support.configured import a_source, configured
from tests.support.learnt import TINY, boilers_recorded
from tests.support.plant import START

SMALL = LimitSettings(max_sensors=20)
ROBUST, PCA = ModelChoice("robust_z"), ModelChoice("pca")
TWO = dataclasses.replace(TINY, choices={UNIVARIATE: (ROBUST, PCA)})


@dataclasses.dataclass(frozen=True)
class Trained:
    """Two models of the same sensors."""

    folder: Path
    groups: list[TrainedGroup]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train both."""
    folder = tmp_path_factory.mktemp("choices")
    return Trained(folder, train_from_recordings(boilers_recorded(300), TWO, folder))


def test_a_plan_has_a_part_for_each_choice() -> None:
    """Sensors of which no source says anything get what the plan itself says."""
    assert [one.choice for one in TWO.of_channels(UNIVARIATE)] == [ROBUST, PCA]
    assert [one.choice for one in TWO.of_channels(("a", "b"))] == [TrainingPlan().choice] == [ModelChoice()]


def test_each_choice_has_a_folder_of_its_own(trained: Trained) -> None:
    """Named so that a person finds it."""
    assert sorted(path.name for path in trained.folder.iterdir()) == ["value@pca", "value@robust_z"]


def test_each_source_is_judged_by_its_own(trained: Trained, tmp_path: Path) -> None:
    """Though their sensors have the same channels; one source says so itself, the other takes what [model] says."""
    model = ModelSettings(artifact=trained.folder, family="pca", device="cpu")
    sources = (a_source("a/{s}"), a_source("b/{s}", family="robust_z"))
    core = build_core(configured(tmp_path, *sources, limits=SMALL, model=model))
    assert [group.model for group in core.directory.groups] == [PCA, ROBUST]
    assert core.versions == {0: trained.groups[1].version, 1: trained.groups[0].version}
    decided: list[Decisions] = []
    for i in range(8):
        for place, topic in enumerate(("a/boiler0.temp", "b/boiler0.temp")):
            message = (topic, b'{"ts": %d, "value": %d}' % (START + 5 * i, 65 + i), 0)
            batch = LogBatch(2 * i + place, 2 * i + place + 1, START + 5.0 * i, [message])
            core.engine.feed(core.decoder.decode(batch), batch.arrival_seconds, decided.append)
    groups = [one.scores.group for one in decided if one.scores is not None]
    assert groups == [0, 1] * 8


def test_an_artifact_of_another_choice_is_refused(trained: Trained, tmp_path: Path) -> None:
    """It would judge by other laws than those that were asked for; both are told."""
    model = ModelSettings(artifact=trained.folder, horizon_seconds=3600.0, device="cpu")
    with pytest.raises(ConfigError) as refused:
        build_core(configured(tmp_path, a_source("a/{s}"), limits=SMALL, model=model))
    assert "is pca and robust_z, but the configuration asks for lstm_vae with a horizon of 1 h" in str(
        refused.value
    )
