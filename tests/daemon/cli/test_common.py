"""What commands share."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path

import pytest

from offbeat.cli.common import error_line, load_settings, wants_colour
from offbeat.errors import ConfigError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_settings_are_loaded_or_the_whole_report_is_raised(tmp_path: Path) -> None:
    """Every command that needs settings starts with this."""
    file = tmp_path / "offbeat.toml"
    file.write_text('[mqtt]\nurl = "mqtt://h"\n[[source]]\ntopic = "a/{b}/c"\n')
    assert load_settings(Namespace(config=file)).mqtt.url == "mqtt://h"
    file.write_text("")
    with pytest.raises(ConfigError, match="2 problems"):
        load_settings(Namespace(config=file))


def test_colours_are_for_terminals_of_people_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR turns them off, and so does a pipe."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not wants_colour(Terminal())


def test_a_report_is_not_called_an_error_twice() -> None:
    """It begins with the word already."""
    assert error_line("no broker") == "error: no broker"
    assert error_line("error: a\n\nerror: b") == "error: a\n\nerror: b"
