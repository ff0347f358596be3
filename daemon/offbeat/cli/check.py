"""`offbeat check`: look over the configuration, offline, and tell all that is wrong with it at once."""

from __future__ import annotations

import argparse
import sys

from offbeat.cli.common import add_config_option, add_json_option, config_path, print_json, wants_colour
from offbeat.cli.parser import Subparsers
from offbeat.config.loading import examine
from offbeat.config.memory import required_bytes
from offbeat.config.settings import Settings
from offbeat.errors import ConfigError


def add_parser(subparsers: Subparsers) -> None:
    """Add `check` to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="look over the configuration without connecting to anything",
        description="Looks over the configuration without connecting to anything; tells all problems.",
    )
    add_config_option(parser)
    add_json_option(parser)
    parser.add_argument("--deny-warnings", action="store_true", help="let warnings fail the check too")


def run(args: argparse.Namespace) -> int:
    """Print the report; return 0 where the daemon could start, 78 where it could not."""
    path = config_path(args)
    settings, report = examine(path)
    failed = not report.ok or bool(args.deny_warnings and report.warnings)
    if args.json:
        print_json({**report.to_json(), "ok": not failed})
    else:
        if text := report.render(colour=wants_colour(sys.stderr)):
            print(text, file=sys.stderr)
        if settings is not None and not failed:
            print(f"ok: {path}: {_summary(settings)}")
        elif report.ok:
            print("\nwarnings are denied; nothing was started.", file=sys.stderr)
    return ConfigError.exit_code if failed else 0


def _summary(settings: Settings) -> str:
    count, sensors = len(settings.sources), settings.limits.max_sensors
    budget = settings.alerts.budget_per_week
    memory = required_bytes(settings.limits, settings.sources) / 1024**2
    return (
        f"{count} source{'s' if count > 1 else ''} on {settings.mqtt.url}, "
        f"at most {sensors:,} sensors in {memory:,.0f} MiB, "
        f"{budget:.3g} false alert{'' if budget == 1 else 's'} a sensor and week"
    )
