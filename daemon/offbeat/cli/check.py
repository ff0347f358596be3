"""`offbeat check`: look over the configuration, offline, and tell all that is wrong with it at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from offbeat.cli.common import add_json_option, print_json, wants_colour
from offbeat.cli.config_choice import add_config_option, config_path
from offbeat.cli.parser import Subparsers
from offbeat.cli.running import SoughtDaemon, as_read_by, look_for_daemon
from offbeat.config.memory import required_bytes
from offbeat.config.reloading import needing_restart, taken_by_reload
from offbeat.config.settings import Settings
from offbeat.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from what a running daemon runs by: options as they stand in the file, by what they take."""

    reload: list[str]
    restart: list[str]


def add_parser(subparsers: Subparsers) -> None:
    """Add `check` to the command line."""
    parser = subparsers.add_parser(
        "check",
        help="look over the configuration without connecting to anything",
        description="Looks over the configuration without connecting to anything; tells all problems. Where a daemon "
        "runs by another one, tells which changes a reload takes, and which only a restart.",
    )
    add_config_option(parser)
    add_json_option(parser)
    parser.add_argument("--deny-warnings", action="store_true", help="let warnings fail the check too")


def run(args: argparse.Namespace) -> int:
    """Print the report; return 0 where the daemon could start, 78 where it could not."""
    daemon = look_for_daemon(config_path(args))
    settings, report = daemon.settings, daemon.report
    failed = not report.ok or bool(args.deny_warnings and report.warnings)
    changes = _changes(daemon)
    if args.json:
        print_json({**report.to_json(), "ok": not failed, "changes": changes and asdict(changes)})
    else:
        if text := report.render(colour=wants_colour(sys.stderr), ending="no daemon starts with this"):
            print(text, file=sys.stderr)
        if settings is not None and not failed:
            print("\n".join([f"ok: {daemon.path}: {_summary(settings)}", *_told(changes)]))
        elif report.ok:
            print("\nwarnings are denied.", file=sys.stderr)
    return ConfigError.exit_code if failed else 0


def _changes(daemon: SoughtDaemon) -> Changes | None:
    """Return what differs from what the daemon runs by; None where none runs, or where that cannot be known."""
    if daemon.running is None or daemon.settings is None:
        return None
    old, new = daemon.running.settings, as_read_by(daemon.running, daemon.settings)
    return Changes(taken_by_reload(old, new), needing_restart(old, new))


def _told(changes: Changes | None) -> Iterator[str]:
    if changes is None:
        return
    if not changes.reload and not changes.restart:
        yield "the daemon runs by it already"
    if changes.reload:
        yield f"a reload lets the running daemon take up {', '.join(changes.reload)}"
    if changes.restart:
        refused = "; it refuses a reload as long as they differ" if changes.reload else ""
        yield f"only a restart lets it take up {', '.join(changes.restart)}{refused}"


def _summary(settings: Settings) -> str:
    count, sensors = len(settings.sources), settings.limits.max_sensors
    budget = settings.alerts.budget_per_week
    memory = required_bytes(settings.limits, settings.sources) / 1024**2
    return (
        f"{count} source{'s' if count > 1 else ''} on {settings.mqtt.url}, "
        f"at most {sensors:,} sensors in {memory:,.0f} MiB, "
        f"{budget:.3g} false alert{'' if budget == 1 else 's'} a sensor and week"
    )
