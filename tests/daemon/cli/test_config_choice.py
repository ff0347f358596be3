"""Which configuration a command goes by."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offbeat.cli.config_choice import config_path
from offbeat.config.loading import load
from offbeat.errors import ConfigError
from offbeat.state.running import RunningSettings
from tests.daemon.cli.conftest import CONFIG
from tests.support.users import AS_ROOT, NOBODY, as_nobody


@dataclass
class Machine:
    """A working directory with a configuration, and a service with one of its own."""

    local: Path
    system: Path

    def taken(self, *, of_daemon: bool = False) -> Path:
        """Return which one a command takes that names none."""
        return config_path(Namespace(config=None, of_daemon=of_daemon), (self.local, self.system))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Both name their own state; nothing runs."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("SUDO_UID", raising=False)
    made = Machine(tmp_path / "here" / "offbeat.toml", tmp_path / "etc" / "offbeat.toml")
    for path in (made.local, made.system):
        (path.parent / "state").mkdir(parents=True)
        path.write_text(CONFIG + f'[state]\ndirectory = "{path.parent / "state"}"\n')
    return made


@pytest.fixture
def service(machine: Machine) -> Iterator[RunningSettings]:
    """The service runs."""
    running = RunningSettings(machine.system.parent / "state")
    running.keep(load(machine.system))
    yield running
    running.close()


def test_a_named_configuration_is_taken_by_its_name() -> None:
    """Whether it is there or not: the report says so."""
    assert config_path(Namespace(config=Path("elsewhere.toml"))) == Path("elsewhere.toml")


def test_no_configuration_anywhere_is_told(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """With where it was looked for; where there is only one, there is nothing to say."""
    machine.local.unlink()
    assert machine.taken() == machine.system
    machine.system.unlink()
    with pytest.raises(
        ConfigError, match=r"there is no .*here/offbeat.toml, and there is no .*etc/offbeat.toml; name one"
    ):
        machine.taken()
    machine.local.write_text(CONFIG)
    assert machine.taken() == machine.local
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("of_daemon", [False, True])
def test_of_two_the_one_in_the_working_directory_is_taken_and_said(
    machine: Machine, capsys: pytest.CaptureFixture[str], *, of_daemon: bool
) -> None:
    """To people, and not where programs read."""
    assert machine.taken(of_daemon=of_daemon) == machine.local
    said = f"note: going by {machine.local} here and not by {machine.system}; --config says by which\n"
    assert capsys.readouterr() == ("", said)


def test_a_command_about_a_daemon_goes_by_the_one_that_a_daemon_runs_by(
    machine: Machine, service: RunningSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who types it in a folder with some configuration of before means the service; also while its file is broken."""
    machine.system.write_text(machine.system.read_text().replace("[mqtt]", "[mqtt]\nqos = 1"))
    assert machine.taken(of_daemon=True) == machine.system
    assert (
        f"note: going by {machine.system}, by which a daemon runs: none runs by {machine.local}; --config says"
        in capsys.readouterr().err
    )
    assert machine.taken() == machine.local, "a command about the file is about the one that is here"
    here = RunningSettings(machine.local.parent / "state")
    here.keep(load(machine.local))
    assert machine.taken(of_daemon=True) == machine.local
    here.close()
    service.close()
    assert machine.taken(of_daemon=True) == machine.local


def test_one_file_under_two_names_is_that_of_the_service(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its state is looked for where the service has it, and there is nothing to say."""
    machine.local.unlink()
    machine.local.symlink_to(machine.system)
    assert machine.taken() == machine.system
    assert capsys.readouterr().err == ""


@AS_ROOT
@pytest.mark.parametrize("part", ["offbeat.toml", "conf.d", "conf.d/more.toml"])
def test_what_another_user_put_into_the_folder_is_not_taken_unasked(
    machine: Machine, part: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could have a password read and sent to them. Named, it is taken; so is that of who became root by sudo."""
    (machine.local.parent / "conf.d").mkdir()
    (machine.local.parent / "conf.d" / "more.toml").touch()
    os.chown(machine.local.parent / part, NOBODY, -1)
    assert machine.taken() == machine.system
    assert (
        f"going by {machine.system}: {machine.local} belongs to nobody; --config" in capsys.readouterr().err
    )
    machine.system.unlink()
    with pytest.raises(
        ConfigError, match=r"offbeat.toml belongs to nobody, .* only where it is named, by --config"
    ):
        machine.taken()
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    assert machine.taken() == machine.local


@AS_ROOT
def test_a_link_of_another_user_is_theirs_wherever_it_leads(machine: Machine, tmp_path: Path) -> None:
    """What lies beside it is theirs, too."""
    ours = tmp_path / "ours.toml"
    machine.local.rename(ours)
    machine.local.symlink_to(ours)
    assert machine.taken() == machine.local
    os.chown(machine.local, NOBODY, -1, follow_symlinks=False)
    assert machine.taken() == machine.system


@AS_ROOT
def test_a_service_that_is_closed_to_the_user_is_in_nobodys_way(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may not be looked into; whether there is a configuration is not known."""
    machine.local.parent.chmod(0o755)
    monkeypatch.chdir(machine.local.parent)
    machine.system.parent.chmod(0o700)
    with as_nobody():
        assert Machine(Path("offbeat.toml"), machine.system).taken() == Path("offbeat.toml")
    assert capsys.readouterr().err == ""


@AS_ROOT
@pytest.mark.parametrize("a_strangers", [False, True])
def test_where_only_a_closed_service_is_left_it_is_said_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, *, a_strangers: bool
) -> None:
    """Not that there is none: nobody may know, and sudo does."""
    machine.local.parent.chmod(0o755)
    monkeypatch.chdir(machine.local.parent)
    machine.system.parent.chmod(0o700)
    if a_strangers:
        os.chown(machine.local, 54321, -1)
    else:
        machine.local.unlink()
    with as_nobody(), pytest.raises(ConfigError) as raised:
        Machine(Path("offbeat.toml"), machine.system).taken()
    said = str(raised.value)
    found = "offbeat.toml belongs to user 54321" if a_strangers else "there is no offbeat.toml"
    assert said.startswith(f"no configuration: {found}, and ")
    assert f"since nobody may not look into {machine.system.parent}: with sudo before the command" in said
    assert f"no {machine.system}" not in said
