"""The daemon that a command is about."""

from __future__ import annotations

from pathlib import Path

from offbeat.cli.running import as_read_by, reached_at
from offbeat.config.settings import MetricsSettings, MqttSettings, Settings, StateSettings
from offbeat.state.running import Running
from tests.support.configured import NOBODY, configured


def test_another_users_daemon_does_not_say_which_file_is_sent_to_it(tmp_path: Path) -> None:
    """It could name one that only root may read, and an address that is its own."""
    told = MetricsSettings(listen="127.0.0.1:5", password_file=Path("/etc/shadow"))
    settings = configured(tmp_path, metrics=told)
    file = MetricsSettings(listen="127.0.0.1:5", password_file=Path("/etc/offbeat/password"))
    assert reached_at(Running(settings, is_ours=True), file) == told
    asked = reached_at(Running(settings, is_ours=False), file)
    assert (asked.listen, asked.password_file) == ("127.0.0.1:5", file.password_file)
    assert reached_at(Running(settings, is_ours=False), None).password_file is None


def test_our_password_is_not_sent_where_another_users_daemon_says_that_it_listens(tmp_path: Path) -> None:
    """What listens there may be a trap; it is asked without one."""
    told = MetricsSettings(listen="127.0.0.1:6666")
    settings = configured(tmp_path, metrics=told)
    file = MetricsSettings(listen="127.0.0.1:9641", password_file=Path("/etc/offbeat/password"))
    assert reached_at(Running(settings, is_ours=False), file) == told


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
