"""The page about the command line."""

from __future__ import annotations

import argparse

from offbeat.app.reference.commands import commands_page
from offbeat.cli.main import COMMANDS, command_parsers


def a_parser() -> argparse.ArgumentParser:
    """A parser with one of everything."""
    parser = argparse.ArgumentParser(
        "offbeat sing", description="Sings.", epilog="Exit code 3: out of breath."
    )
    parser.add_argument("songs", nargs="*", metavar="SONG", help="what to sing | hum")
    parser.add_argument("--pitch", choices=("low", "high"), default="low", help="%(default)s by default")
    parser.add_argument("-t", "--tempo", type=int, required=True, help="in beats")
    parser.add_argument("--loud", action="store_true", help="wake everybody")
    return parser


def test_a_command_is_told_with_its_usage_arguments_and_last_words() -> None:
    """Bars are escaped, or a table would break."""
    page = commands_page({"sing": a_parser()})
    assert "$ offbeat sing [SONG...] [--pitch {low,high}] --tempo TEMPO [--loud]" in page
    assert "| `SONG` | What to sing \\| hum. |" in page
    assert "| `--pitch {low,high}` | Low by default. |" in page
    assert "| `-t TEMPO`, `--tempo TEMPO` | In beats. |" in page
    assert "| `--loud` | Wake everybody. |" in page
    assert "Exit code 3: out of breath." in page


def test_every_command_and_every_action_of_one_has_a_heading() -> None:
    """In the order of `offbeat --help`."""
    page = commands_page(command_parsers())
    headings = [
        line.removeprefix("## offbeat ") for line in page.splitlines() if line.startswith("## offbeat ")
    ]
    assert headings == list(COMMANDS)
    assert "### offbeat models rollback" in page
    assert "usage:" not in page
