"""`offbeat freeze` and `offbeat thaw`."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from offbeat.cli.main import main
from offbeat.core.orders import Freeze
from offbeat.state.order_book import OrderBook
from offbeat.state.store import EpisodeHistory
from tests.support.events import an_event


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory of a daemon that knows one sensor."""
    history = EpisodeHistory(tmp_path / "state" / "episodes.sqlite")
    history.record([an_event(sensor="line1.pump")])
    history.close()
    return tmp_path / "state"


@pytest.fixture
def config(config: Path) -> Path:
    """The configuration of a daemon that cannot be asked."""
    config.write_text(config.read_text() + '[metrics]\nlisten = ""\n')
    return config


def freezes(state: Path) -> tuple[Freeze, ...]:
    """Return all freezes there ever were."""
    book = OrderBook(state / "orders.sqlite")
    try:
        return book.orders().freezes
    finally:
        book.close()


def offbeat(config: Path, *arguments: str) -> int:
    """Run a command with a configuration."""
    return main([*arguments, "--config", str(config)])


def listed(config: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what is frozen, as JSON tells it."""
    capsys.readouterr()
    assert offbeat(config, "freeze", "--list", "--json") == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_sensor_is_frozen_until_it_is_thawed(
    config: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is removed: a replay of that time obeys."""
    before = time.time()
    assert offbeat(config, "freeze", "line1.pump", "--reason", "bearing") == 0
    told = capsys.readouterr()
    assert told.out == (
        "line1.pump: nothing is learnt until it is thawed; a daemon that runs obeys within seconds\n"
    )
    assert told.err == ""
    (one,) = freezes(state)
    assert (one.scope, one.name, one.until, one.reason) == ("sensor", "line1.pump", math.inf, "bearing")
    assert before <= one.since <= time.time()
    assert [(each["scope"], each["name"], each["until"]) for each in listed(config, capsys)] == [
        ("sensor", "line1.pump", None)
    ]
    assert offbeat(config, "thaw", "line1.pump") == 0
    assert capsys.readouterr().out == "line1.pump: learnt again from now on\n"
    assert listed(config, capsys) == []
    assert len(freezes(state)) == 1


def test_a_maintenance_ends_by_itself(config: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of all sensors for two hours."""
    assert offbeat(config, "freeze", "--all", "--for", "2h") == 0
    assert "all sensors: nothing is learnt until 2" in capsys.readouterr().out
    (one,) = freezes(state)
    assert one.until - one.since == 7200.0
    assert offbeat(config, "freeze", "--list") == 0
    assert "all sensors, since 2" in capsys.readouterr().out


@pytest.mark.usefixtures("state")
def test_what_still_keeps_a_sensor_frozen_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And that there was nothing to end."""
    assert offbeat(config, "freeze", "--group", "value") == 0
    assert offbeat(config, "freeze", "line1.pump") == 0
    assert offbeat(config, "thaw", "line1.pump") == 0
    assert "learnt again from now on; still frozen with all of value" in capsys.readouterr().out
    assert offbeat(config, "thaw", "line1.pump") == 1
    assert "there was no freeze to end; still frozen with all of value" in capsys.readouterr().out
    assert offbeat(config, "thaw", "--all") == 0
    assert listed(config, capsys) == []


@pytest.mark.usefixtures("state")
def test_a_sensor_that_is_not_known_is_frozen_with_a_warning_and_a_group_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sensor may report tomorrow for the first time; groups follow from the configuration."""
    assert offbeat(config, "freeze", "line1.pumb") == 0
    warning = 'warning: no sensor "line1.pumb" is known yet (did you mean "line1.pump"?); what is said of it holds once'
    assert capsys.readouterr().err.startswith(warning)
    assert offbeat(config, "freeze", "--group", "valeu") == 2
    assert 'there is no group "valeu" (did you mean "value"?); there are value' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name sensors, or a group with --group NAME, or --all"),
        (["a", "--all"], "one of these only"),
        (["a", "--for", "soon"], '--for: not a duration: "soon"'),
        (["a", "--for", "0s"], '--for is "0s"; expected more than nothing'),
        (["a", "--json"], "--json is for --list"),
        (["a", "--list"], "--list lists all that is frozen"),
    ],
)
def test_what_makes_no_sense_is_refused(
    config: Path, state: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is written."""
    assert offbeat(config, "freeze", *arguments) == 2
    assert says in capsys.readouterr().err
    assert freezes(state) == ()


@pytest.mark.parametrize("command", ["freeze", "thaw"])
def test_where_no_daemon_has_state_nothing_is_made(
    command: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would belong to whoever typed the command, and no daemon would ever hear of it."""
    assert offbeat(config, command, "--all") == 69
    assert f'there is no state directory "{tmp_path / "state"}"' in capsys.readouterr().err
    assert not (tmp_path / "state").exists()
    (tmp_path / "state").mkdir()
    assert offbeat(config, command, "--all") == 69
    assert f'no daemon has ever run on the state directory "{tmp_path / "state"}"' in capsys.readouterr().err
    assert not list((tmp_path / "state").iterdir())


@pytest.mark.parametrize("command", ["freeze", "thaw"])
def test_nothing_is_promised_of_a_sensor_where_no_daemon_has_state(
    command: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No word of it can be left, so none "holds once it is known"."""
    assert offbeat(config, command, "pump") == 69
    said = capsys.readouterr().err
    assert said.startswith("error: there is no state directory")
    assert "holds once it is" not in said


def test_no_other_daemon_is_named_to_who_finds_none(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who follows the advice freezes the one that was meant, whichever of several that is."""
    assert offbeat(config, "freeze", "--all") == 69
    said = capsys.readouterr().err
    assert (
        "name the configuration of the daemon by --config, or name its directory by state.directory" in said
    )
    assert "/var/lib" not in said


def test_without_state_nothing_is_frozen(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To look is allowed."""
    assert offbeat(config, "freeze", "--list") == 0
    assert capsys.readouterr().out == "nothing is frozen\n"
