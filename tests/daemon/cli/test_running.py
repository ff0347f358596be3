"""The daemon that a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.cli.running import as_read_by, reached_at, state_places
from offbeat.config.settings import MetricsSettings, MqttSettings, Settings, StateSettings
from offbeat.state.running import Running
from tests.support.configured import NOBODY, configured


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("/etc/offbeat/offbeat.toml", "/var/lib/offbeat"),
        ("/etc/offbeat/north.toml", "/var/lib/offbeat-north"),
    ],
)
def test_the_state_of_a_service_is_looked_for_where_its_unit_puts_it(
    config: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody says where it is: the file, or who gives the command."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert state_places(Path(config), StateSettings()) == [Path("state"), Path(place)]
    assert state_places(Path("here.toml"), StateSettings()) == [Path("state")]
    assert state_places(Path(config), StateSettings(directory=Path("/mine"))) == [Path("/mine")]
    monkeypatch.setenv("STATE_DIRECTORY", "/said")
    assert state_places(Path(config), StateSettings()) == [Path("/said")]


def test_another_users_daemon_does_not_say_which_file_is_sent_to_it(tmp_path: Path) -> None:
    """It could name one that only root may read, and an address that is its own."""
    told = MetricsSettings(listen="127.0.0.1:5", password_file=Path("/etc/shadow"))
    settings = configured(tmp_path, metrics=told)
    file = MetricsSettings(listen="127.0.0.1:6", password_file=Path("/etc/offbeat/password"))
    assert reached_at(Running(settings, is_ours=True), file) == told
    asked = reached_at(Running(settings, is_ours=False), file)
    assert (asked.listen, asked.password_file) == ("127.0.0.1:5", file.password_file)
    assert reached_at(Running(settings, is_ours=False), None).password_file is None


def test_what_systemd_hands_to_the_service_only_is_no_change(tmp_path: Path) -> None:
    """Credentials, and the place of the state; a file of another name is one."""

    def of(password: str, state: StateSettings) -> Settings:
        mqtt = MqttSettings(url=NOBODY, username="u", password_file=Path(password))
        return configured(tmp_path, state=state).model_copy(update={"mqtt": mqtt})

    running = of("/run/credentials/offbeat.service/secret", StateSettings(directory=Path("/var/lib/offbeat")))
    seen = of("/etc/offbeat/secret", StateSettings())
    assert as_read_by(Running(running, is_ours=False), seen) == running
    other = of("/etc/offbeat/other", StateSettings())
    assert as_read_by(Running(running, is_ours=False), other).mqtt == other.mqtt
