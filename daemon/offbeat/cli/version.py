"""`offbeat version`: the versions of Offbeat and of what it stands on."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

from offbeat import __version__
from offbeat.cli.common import add_json_option, print_json
from offbeat.cli.parser import Subparsers

_LIBRARIES = (
    "torch",
    "numpy",
    "paho-mqtt",
    "msgspec",
    "pydantic",
    "prometheus-client",
    "structlog",
    "safetensors",
)


def add_parser(subparsers: Subparsers) -> None:
    """Add `version` to the command line."""
    parser = subparsers.add_parser(
        "version",
        help="tell the versions of Offbeat and of what it stands on",
        description="Tells the versions of Offbeat and of what it stands on, without importing any of it.",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the versions."""
    found = {
        "offbeat": __version__,
        "python": platform.python_version(),
        **{name: _installed(name) for name in _LIBRARIES},
        "platform": platform.platform(),
    }
    if args.json:
        print_json(found)
    else:
        for name, value in found.items():
            print(f"{name:<18} {value or 'not installed'}")
    return 0


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
