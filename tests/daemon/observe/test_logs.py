"""Logging set-up: the shape by the stream, the level, and no secrets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from offbeat.config.settings import LogSettings
from offbeat.observe.log_limits import once_per
from offbeat.observe.logs import choose_format, configure, journal_fields, redact
from tests.daemon.observe.test_journald import Journal


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _untouched_structlog() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_anywhere_else_events_are_json_lines() -> None:
    """One a line, with time, level and fields."""
    stream = io.StringIO()
    log = configure(LogSettings(), stream, {})
    log.info("connected to the broker", address="mqtt://h:1883", attempt=2)
    log.debug("not told")
    [line] = stream.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "connected to the broker",
        "level": "info",
        "address": "mqtt://h:1883",
        "attempt": 2,
    }


def test_an_exception_stays_on_its_line() -> None:
    """As text of the event."""
    stream = io.StringIO()
    log = configure(LogSettings(), stream, {})
    try:
        float("odd")
    except ValueError:
        log.exception("the scorer failed")
    [line] = stream.getvalue().splitlines()
    assert "ValueError: could not convert" in json.loads(line)["exception"]


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_shows_lines_for_people(environment: dict[str, str], coloured: bool) -> None:
    """In colour, unless not wanted."""
    stream = Terminal()
    configure(LogSettings(format="console"), stream, environment).warning("hm", sensor="press1")
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert ("\033[" in text) is coloured
    assert "press1" in text


def test_the_level_is_the_lowest_that_is_told() -> None:
    """Below it nothing is even put together."""
    stream = io.StringIO()
    log = configure(LogSettings(level="error"), stream, {})
    log.warning("a")
    log.error("b")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["b"]


def test_repeats_are_held_back() -> None:
    """Where an event asks for it."""
    stream = io.StringIO()
    log = configure(LogSettings(), stream, {})
    for _ in range(3):
        log.warning("payload cannot be read", **once_per(60.0, "not_json"))
    assert len(stream.getvalue().splitlines()) == 1


def test_secrets_are_taken_out() -> None:
    """By the name of the field, and out of addresses."""
    event: dict[str, Any] = {
        "event": "x",
        "password": "hunter2",
        "mqtt_password": "hunter2",
        "API_KEY": "hunter2",
        "url": "mqtt://bob:hunter2@host/",
        "password_file": "/run/pw",
        "token": None,
    }
    cleaned = redact(None, "info", event)
    assert "hunter2" not in repr(cleaned)
    assert cleaned["url"] == "mqtt://***@host/"
    assert cleaned["password_file"] == "/run/pw"
    assert cleaned["token"] is None


def test_the_shape_is_chosen_by_the_stream(tmp_path: Path) -> None:
    """The journal only where the stream really leads to it."""
    assert choose_format(Terminal(), {}) == "json"
    with (tmp_path / "log").open("w") as file:
        state = os.fstat(file.fileno())
        assert choose_format(file, {}) == "json"
        assert choose_format(file, {"JOURNAL_STREAM": f"{state.st_dev}:{state.st_ino}"}) == "journal"
        assert choose_format(file, {"JOURNAL_STREAM": "1:2"}) == "json"


def test_a_terminal_is_known() -> None:
    """By its file descriptor."""
    leader, follower = os.openpty()
    with os.fdopen(follower, "w") as terminal:
        assert choose_format(terminal, {}) == "console"
    os.close(leader)


def test_the_journal_gets_fields(tmp_path: Path) -> None:
    """The sentence with its values for readers, and each value by itself for queries."""
    journal = Journal(tmp_path / "socket")
    log = configure(LogSettings(format="journal"), io.StringIO(), {}, tmp_path / "socket")
    log.warning("sensor is silent", sensor="press1.temp", minutes=12.5, channels=["a", "b"])
    assert journal.take() == {
        "MESSAGE": 'sensor is silent sensor=press1.temp minutes=12.5 channels=["a", "b"]',
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "offbeat",
        "OFFBEAT_EVENT": "sensor is silent",
        "SENSOR": "press1.temp",
        "MINUTES": "12.5",
        "CHANNELS": '["a", "b"]',
    }
    journal.close()


def test_a_field_cannot_hide_the_message() -> None:
    """Whatever it is called."""
    fields = journal_fields(None, "info", {"event": "x", "level": "error", "message": "y", "Priority": 9})
    assert fields["MESSAGE"] == "x message=y Priority=9"
    assert fields["PRIORITY"] == 3
    assert set(fields) == {"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "OFFBEAT_EVENT"}


def test_without_a_journal_lines_are_json(tmp_path: Path) -> None:
    """As in a container that only inherited the variable."""
    stream = io.StringIO()
    configure(LogSettings(format="journal"), stream, {}, tmp_path / "nowhere").info("x")
    assert json.loads(stream.getvalue())["event"] == "x"


def test_what_waits_for_the_journal_is_sent_before_the_process_ends(tmp_path: Path) -> None:
    """The last words are those that matter."""
    journal = Journal(tmp_path / "socket")
    code = (
        "import sys; from pathlib import Path\n"
        "from offbeat.config.settings import LogSettings; from offbeat.observe.logs import configure\n"
        "configure(LogSettings(format='journal'), None, None, Path(sys.argv[1])).error('last words')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "socket")], check=True)
    assert journal.take()["MESSAGE"] == "last words"
    journal.close()
