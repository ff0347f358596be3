"""Commands beside a daemon whose configuration is broken by now."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.main import main
from offbeat.config.loading import load
from offbeat.errors import ConfigError
from offbeat.learn.library import ModelLibrary
from offbeat.state.running import RunningSettings
from offbeat.state.store import EpisodeHistory
from tests.daemon.cli.conftest import CONFIG
from tests.support.events import an_event
from tests.support.versions import installed

GOES_ON = "1 problem; a daemon that runs goes on by what it read before, and none starts with this."
COMMANDS = (
    ["episodes"],
    ["episodes", "list"],
    ["episodes", "show", "aa11"],
    ["episodes", "label", "aa11", "fault"],
    ["freeze", "--all"],
    ["freeze", "--list"],
    ["thaw", "--all"],
    ["models", "list"],
    ["models", "show", "VERSION"],
    ["models", "promote", "VERSION"],
    ["train", "--now"],
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state of a daemon that told of an episode."""
    history = EpisodeHistory(tmp_path / "state" / "episodes.sqlite")
    history.record([an_event(id="aa11", sensor="pump")])
    history.close()
    return tmp_path / "state"


@pytest.fixture
def version(state: Path, tmp_path: Path) -> str:
    """A version of a model in its library."""
    return installed(ModelLibrary(state / "models").group("value"), tmp_path, 0)


@pytest.fixture
def running(config: Path, state: Path) -> Iterator[RunningSettings]:
    """That daemon runs, and its file was broken after it had been read."""
    config.write_text(config.read_text() + '[metrics]\nlisten = ""\n')
    running = RunningSettings(state)
    running.keep(load(config))
    config.write_text(config.read_text().replace("[mqtt]", "[mqtt]\nqos = 1"))
    yield running
    running.close()


@pytest.fixture
def unnamed(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration in the working directory that names no state, beside the state of a daemon that runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    path = tmp_path / "offbeat.toml"
    path.write_text(CONFIG)
    running = RunningSettings(state)
    running.keep(load(path))
    path.write_text(CONFIG + "qos = 7\n")
    yield path
    running.close()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_they_go_on_by_what_the_daemon_runs_by_and_tell_what_is_wrong(
    command: list[str],
    config: Path,
    running: RunningSettings,
    version: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is wrong goes to standard error; where nothing runs any more, it is why nothing was done."""
    words = [version if word == "VERSION" else word for word in command]
    if command[0] == "thaw":
        assert main(["freeze", "--all", "--config", str(config)]) == 0
    capsys.readouterr()
    assert main([*words, "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert f"--> {config}:2  (mqtt.qos)" in said.err
    assert GOES_ON in said.err
    assert said.out
    assert GOES_ON not in said.out
    running.close()
    assert main([*words, "--config", str(config)]) == 78
    said = capsys.readouterr()
    assert "1 problem; nothing was done, since nothing tells by what a daemon runs on the state" in said.err
    assert said.err.endswith("; mend the configuration.\n"), "it names its directory already"
    assert said.out == ""


def test_commands_that_need_the_file_itself_have_done_nothing_while_it_is_broken(
    config: Path, running: RunningSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A daemon that runs does not tell what they ask."""
    assert main(["train", "--journal", "--config", str(config)]) == 78
    assert capsys.readouterr().err.endswith("1 problem; nothing was done.\n")


def test_what_the_daemon_says_does_not_move_its_state(
    config: Path, state: Path, running: RunningSettings, tmp_path: Path
) -> None:
    """Looked at, and written to, is the directory that its settings were found in."""
    good = config.read_text().replace("qos = 1\n", "")
    config.write_text(good.replace(str(state), str(tmp_path / "elsewhere")))
    running.keep(load(config))
    config.write_text(good + "qos = 1\n")
    assert daemon_settings(Namespace(config=config), writes=True).state.directory == state


def test_a_daemon_is_asked_where_it_listens_also_beside_a_good_file_that_says_otherwise(
    config: Path, state: Path
) -> None:
    """As `status` asks it; all else is as the file says."""
    running = RunningSettings(state)
    running.keep(load(config))
    config.write_text(config.read_text() + '[metrics]\nlisten = "127.0.0.1:1"\n[alerts]\nbudget = "2/week"\n')
    settings = daemon_settings(Namespace(config=config), writes=False)
    assert (settings.metrics.listen, settings.alerts.budget_per_week) == ("127.0.0.1:9641", 2.0)
    running.close()
    assert daemon_settings(Namespace(config=config), writes=False).metrics.listen == "127.0.0.1:1"


def test_word_is_left_beside_a_file_that_names_no_directory(unnamed: Path) -> None:
    """In `state` of the working directory, where the file lies too."""
    assert daemon_settings(Namespace(config=unnamed), writes=True).state.directory == Path("state")


@pytest.mark.parametrize("text", ["[mqtt", CONFIG + "[state]\ndirectory = 5\n"])
def test_no_word_is_left_for_a_daemon_that_may_be_of_another_configuration(unnamed: Path, text: str) -> None:
    """The file may name another directory, as far as can be read; to look into the one here does no harm."""
    unnamed.write_text(text)
    asked = Namespace(config=unnamed)
    assert daemon_settings(asked, writes=False).sources
    with pytest.raises(
        ConfigError, match=r"nothing tells that the state directory .* name its directory by STATE"
    ):
        daemon_settings(asked, writes=True)


def test_no_word_is_left_in_the_working_directory_for_a_file_that_lies_elsewhere(
    unnamed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the directory is named."""
    other = tmp_path / "other" / "offbeat.toml"
    other.parent.mkdir()
    asked = Namespace(config=unnamed.rename(other))
    with pytest.raises(ConfigError, match="nothing tells that the state directory"):
        daemon_settings(asked, writes=True)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert daemon_settings(asked, writes=True).state.directory == tmp_path / "state"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_no_word_is_left_by_what_a_guest_in_the_directory_says(
    config: Path, state: Path, running: RunningSettings
) -> None:
    """It runs as another user than the one whose directory it is."""
    os.chown(state, 65534, -1)
    asked = Namespace(config=config)
    assert daemon_settings(asked, writes=False).sources
    with pytest.raises(ConfigError, match="is not of the user whose directory it is; mend the configuration"):
        daemon_settings(asked, writes=True)
