"""The library of a configuration: what a daemon begins with, and models from before there was a library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.app.model_library import (
    artifacts_in_service,
    fitting,
    library_of,
    models_of,
    serving,
    take_over,
)
from offbeat.config.settings import ModelSettings, Settings
from offbeat.core.sensors import UNIVARIATE, SensorDirectory
from offbeat.errors import ConfigError
from offbeat.learn.library import PROMOTIONS, GroupModels
from tests.daemon.app.test_model_exchange import version
from tests.support.configured import configured
from tests.support.learnt import Learnt
from tests.support.plant import PAIR


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose state directory is empty."""
    return configured(tmp_path / "state")


def value(settings: Settings) -> GroupModels:
    """Return the versions for sensors of one channel."""
    return library_of(settings).group("value")


def test_an_artifact_of_before_is_taken_over_once(settings: Settings, learnt: Learnt) -> None:
    """It is put into service, and left where it is; what is promoted later is not undone by it."""
    old = Path(shutil.copytree(learnt.folder, settings.state.directory / "artifact"))
    with capture_logs() as logs:
        take_over(settings)
        take_over(settings)
    assert sorted(entry["group"] for entry in logs) == ["temp+pressure", "value"]
    (promotion,) = value(settings).promotions()
    assert promotion.version == learnt.groups[0].version
    assert str(old / "value") in promotion.why
    assert (old / "value" / "manifest.json").exists()
    assert {one.commission.channels for one in artifacts_in_service(settings)} == {UNIVARIATE, PAIR}
    shutil.copytree(learnt.folder / "temp+pressure", old / "value", dirs_exist_ok=True)
    take_over(settings)
    assert len(value(settings).versions()) == 1


def test_a_damaged_artifact_of_before_is_said_and_left(settings: Settings, learnt: Learnt) -> None:
    """The daemon starts without."""
    old = Path(shutil.copytree(learnt.folder / "value", settings.state.directory / "artifact" / "value"))
    (old / "model.safetensors").unlink()
    with capture_logs() as logs:
        take_over(settings)
    (entry,) = logs
    assert entry["event"] == "a model could not be taken over into the library"
    assert "missing" in entry["reason"]
    assert value(settings).versions() == []


def test_nothing_in_service_is_told_with_what_to_do(settings: Settings) -> None:
    """To commands that need a model."""
    with pytest.raises(
        ConfigError,
        match="no model is in service; the daemon learns by itself; at once with `offbeat train --now`",
    ):
        artifacts_in_service(settings)


def test_a_named_artifact_is_what_is_used(learnt: Learnt, tmp_path: Path) -> None:
    """Whatever the library holds."""
    named = configured(tmp_path, model=ModelSettings(artifact=learnt.folder))
    assert len(artifacts_in_service(named)) == 2
    assert library_of(named).groups() == []


def test_what_the_state_was_saved_under_is_what_a_daemon_begins_with(
    settings: Settings, learnt: Learnt, tmp_path: Path
) -> None:
    """The log is played on by it; if it is no more, the one in service has to do."""
    group = value(settings)
    first, second, third = (version(learnt, tmp_path, group, number) for number in (1, 2, 3))
    assert serving(group) is None
    group.promote(first, "", "")
    group.promote(second, "", "")
    begun = [serving(group, last) for last in ("", first, third, "0" * 12, "..")]
    assert [one.version for one in begun if one] == [second, first, third, second, second]


@pytest.mark.parametrize("both", [False, True])
def test_instead_of_a_damaged_version_the_one_before_is_used(
    settings: Settings, learnt: Learnt, tmp_path: Path, both: bool
) -> None:
    """Degraded before dead: without any, sensors are judged by rules and silence."""
    group = value(settings)
    names = [version(learnt, tmp_path, group, number) for number in (1, 2)]
    for name in names:
        group.promote(name, "", "")
    for name in names if both else names[1:]:
        (group.folder / name / "model.safetensors").write_bytes(b"")
    with capture_logs() as logs:
        found = serving(group)
    assert [entry["version"] for entry in logs] == (names[::-1] if both else names[1:])
    assert (found and found.version) == (None if both else names[0])


def test_a_model_of_the_same_channels_in_another_order_is_of_other_sensors(
    settings: Settings, learnt: Learnt
) -> None:
    """It would take a pressure for a temperature, and notice nothing (opendistro#132, vmanomaly 1.30.2)."""
    shutil.copytree(learnt.folder, settings.state.directory / "artifact")
    take_over(settings)
    one, other = SensorDirectory([PAIR, PAIR[::-1]], 8).groups
    artifact = serving(models_of(library_of(settings), one))
    assert artifact is not None
    assert fitting(artifact, one) is artifact
    assert serving(models_of(library_of(settings), other)) is None
    with pytest.raises(
        ConfigError, match="for the channels temp, pressure, but the group has pressure, temp"
    ):
        fitting(artifact, other)


def test_where_the_history_is_damaged_it_is_said(settings: Settings, learnt: Learnt, tmp_path: Path) -> None:
    """Nobody guesses which version was meant."""
    group = value(settings)
    version(learnt, tmp_path, group, 1)
    (group.folder / PROMOTIONS).write_bytes(b"")
    with capture_logs() as logs:
        assert serving(group) is None
    assert logs[0]["event"] == "it is not known which model is in service"
