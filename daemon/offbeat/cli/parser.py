"""An argument parser whose errors say what was meant."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn, TypeAlias

from offbeat.cli.common import error_line
from offbeat.config.guess import did_you_mean

_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_CHOICE = re.compile(
    r"argument (?P<name>\S+): invalid choice: '(?P<value>[^']*)' \(choose from (?P<choices>.*)\)"
)


class Parser(argparse.ArgumentParser):
    """An argument parser without abbreviated options: scripts that use one break when another is added."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print one line that says what is wrong, one that says where help is, and leave with code 2."""
        if match := _CHOICE.fullmatch(message):
            choices = re.findall(r"[^\s,']+", match["choices"])
            what = "unknown command" if match["name"] == "COMMAND" else f"{match['name']} cannot be"
            message = f'{what} "{match["value"]}"{did_you_mean(match["value"], choices)}'
            if match["name"] != "COMMAND":
                message += f"; expected {' or '.join(choices)}"
        print(error_line(message), f"see `{self.prog} --help`", sep="\n", file=sys.stderr)
        sys.exit(2)


Subparsers: TypeAlias = "argparse._SubParsersAction[Parser]"
"""What `add_parser` of a command gets. argparse has no public name for it."""


def suggest_option(argument: str, parser: argparse.ArgumentParser) -> str:
    """Return a did-you-mean for an argument that a parser does not know."""
    if not argument.startswith("-"):
        return ""
    return did_you_mean(argument.split("=")[0], set(_OPTION.findall(parser.format_help())))
