"""What commands share: an option, how settings are loaded, how errors and JSON are printed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from offbeat.cli.config_choice import config_path
from offbeat.errors import ConfigError

if TYPE_CHECKING:
    from offbeat.config.settings import Settings


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Give a command `--json`."""
    parser.add_argument(
        "--json", action="store_true", help="print JSON for programs instead of text for people"
    )


def load_settings(args: argparse.Namespace) -> Settings:
    """Return the settings that the command line's `--config` leads to, with the state directory of their daemon.

    Raises:
        ConfigError: they cannot be used; the message is the whole report.
    """
    from offbeat.cli.state_place import with_its_state
    from offbeat.config.loading import examine

    path = config_path(args)
    settings, report = examine(path)
    if settings is None:
        raise ConfigError(report.render(ending="nothing was done"))
    return with_its_state(path, settings)


def log_beside_output(settings: Settings | None) -> None:
    """Let what is logged go to standard error, in the shape the settings ask for: standard output is the answer's."""
    from offbeat.config.settings import LogSettings
    from offbeat.observe.logs import configure

    configure(settings.log if settings else LogSettings())


def print_json(value: Any) -> None:
    """Print a value as one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def wants_colour(stream: IO[str]) -> bool:
    """Return True where colours reach a person who wants them: a terminal, and no NO_COLOR."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def error_line(message: str) -> str:
    """Return a message as it is shown on standard error; a whole report is shown as it stands."""
    if message.startswith(("error:", "warning:")):
        return message
    return f"\033[1;31merror\033[0m: {message}" if wants_colour(sys.stderr) else f"error: {message}"


def at(seconds: float) -> str:
    """Return a moment as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
