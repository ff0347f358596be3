"""`offbeat freeze`: learn nothing of a sensor, a group or the fleet, until it is thawed or for a time."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from offbeat.cli.book import daemon_state, open_book
from offbeat.cli.common import add_json_option, at, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.parser import Subparsers
from offbeat.cli.user import acting_user
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.config.settings import Settings
    from offbeat.core.orders import Freeze, Scope

_HEARD = "a daemon that runs obeys within seconds"


def add_parser(subparsers: Subparsers) -> None:
    """Add `freeze` to the command line."""
    parser = subparsers.add_parser(
        "freeze",
        help="learn nothing of a sensor, a group or the fleet, for a maintenance or until thawed",
        description="Nothing is learnt of what is read from now on: neither while the daemon runs nor by training, "
        "until `offbeat thaw`, or for a time with --for. Judging and alerts go on, by laws that stand still.",
    )
    add_scope(parser)
    parser.add_argument("--for", dest="lasting", metavar="TIME", help='end by itself, such as after "2h"')
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept with it")
    parser.add_argument("--list", action="store_true", help="list what is frozen")
    add_json_option(parser)
    add_config_option(parser, of_daemon=True)


def run(args: argparse.Namespace) -> int:
    """Freeze, or list what is frozen."""
    settings = daemon_settings(args, writes=not args.list)
    if args.list:
        if args.sensor or args.group or args.all:
            raise UsageError("--list lists all that is frozen; name nothing beside it")
        return _list(settings, as_json=args.json)
    if args.json:
        raise UsageError("--json is for --list")
    now = time.time()
    until = now + _seconds(args.lasting) if args.lasting else math.inf
    scope, names = scope_of(args, settings)
    book = open_book(settings)
    try:
        for name in names:
            freeze = book.freeze(scope, name, now, until, args.reason, acting_user())
            print(f"{called(freeze)}: nothing is learnt {until_when(freeze)}; {_HEARD}")
    finally:
        book.close()
    return 0


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Let a command be of sensors, of a group, or of all."""
    parser.add_argument("sensor", nargs="*", metavar="SENSOR", help="ids of sensors")
    parser.add_argument("--group", metavar="NAME", help="all sensors of a group")
    parser.add_argument("--all", action="store_true", help="all sensors")


def scope_of(args: argparse.Namespace, settings: Settings) -> tuple[Scope, list[str]]:
    """Return what a command is of, and the names of it; of sensors that are not known a warning is printed.

    Raises:
        UsageError: it is of nothing or of several things at once, or there is no such group.
        UnavailableError: there is no state of a daemon in which word of sensors could be left.
    """
    from offbeat.app.known_sensors import known_groups, known_sensors
    from offbeat.cli.learning import warn
    from offbeat.config.guess import did_you_mean

    if (bool(args.sensor) + bool(args.group) + args.all) != 1:
        raise UsageError("name sensors, or a group with --group NAME, or --all, and one of these only")
    if args.all:
        return "all", [""]
    if args.group:
        groups = known_groups(settings)
        if args.group not in groups:
            guess = did_you_mean(args.group, groups)
            raise UsageError(f'there is no group "{args.group}"{guess}; there are {", ".join(groups)}')
        return "group", [args.group]
    daemon_state(settings)  # first: where nobody would find it, nothing that is said holds
    known = known_sensors(settings)
    warn(
        [
            f'no sensor "{name}" is known yet{did_you_mean(name, known)}; what is said of it holds once it is'
            for name in args.sensor
            if name not in known
        ]
    )
    return "sensor", list(dict.fromkeys(args.sensor))


def called(freeze: Freeze) -> str:
    """Return what a freeze is of, in words."""
    return {"sensor": freeze.name, "group": f"all of {freeze.name}", "all": "all sensors"}[freeze.scope]


def until_when(freeze: Freeze) -> str:
    """Return how long a freeze holds, in words."""
    return "until it is thawed" if math.isinf(freeze.until) else f"until {at(freeze.until)}"


def _seconds(text: str) -> float:
    from offbeat.config.units import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--for: {error}") from error
    if seconds <= 0:
        raise UsageError(f'--for is "{text}"; expected more than nothing')
    return seconds


def _list(settings: Settings, *, as_json: bool) -> int:
    from offbeat.app.told import orders_of

    now = time.time()
    freezes = [one for one in orders_of(settings).freezes if one.holds_at(now)]
    if as_json:
        print_json([_as_dict(one) for one in freezes])
    else:
        print("\n".join(_lines(freezes)))
    return 0


def _lines(freezes: Sequence[Freeze]) -> Iterator[str]:
    if not freezes:
        yield "nothing is frozen"
    for one in freezes:
        why = f": {one.reason}" if one.reason else ""
        yield f"{called(one)}, since {at(one.since)}, {until_when(one)}, by {one.by}{why}"


def _as_dict(one: Freeze) -> dict[str, Any]:
    return {
        "scope": one.scope,
        "name": one.name,
        "since": one.since,
        "until": None if math.isinf(one.until) else one.until,
        "reason": one.reason,
        "by": one.by,
    }
