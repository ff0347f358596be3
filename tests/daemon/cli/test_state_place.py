"""Where the state of a configuration lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.cli.state_place import state_place, with_its_state
from offbeat.config.settings import StateSettings
from tests.support.configured import configured


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("/etc/offbeat/offbeat.toml", "/var/lib/offbeat"),
        ("/etc/offbeat/north.toml", "/var/lib/offbeat-north"),
    ],
)
def test_the_state_of_a_service_is_where_its_unit_puts_it(
    config: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody says where it is: the file, or who gives the command."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert state_place(Path(config), StateSettings()) == Path(place)
    assert state_place(Path("here.toml"), StateSettings()) == Path("state")
    assert state_place(Path(config), StateSettings(directory=Path("/mine"))) == Path("/mine")
    monkeypatch.setenv("STATE_DIRECTORY", "/said")
    assert state_place(Path(config), StateSettings()) == Path("/said")


def test_a_folder_of_the_one_who_stands_by_is_not_that_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root types commands in folders that anybody may write to."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    assert state_place(Path("/etc/offbeat/offbeat.toml"), StateSettings()) == Path("/var/lib/offbeat")


def test_every_command_has_the_state_of_the_daemon_that_it_is_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for one of several services is not left with another."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    settings = configured(tmp_path, state=StateSettings())
    north = with_its_state(Path("/etc/offbeat/north.toml"), settings)
    assert north.state.directory == Path("/var/lib/offbeat-north")
    assert north.library_directory == Path("/var/lib/offbeat-north/models")
    assert with_its_state(Path("here.toml"), settings) is settings
