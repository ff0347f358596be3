"""`offbeat episodes`: what was strange, and saying what it was."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.book import daemon_state, open_book
from offbeat.cli.common import add_json_option, at, print_json
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.parser import Parser, Subparsers
from offbeat.cli.user import acting_user
from offbeat.errors import UsageError

if TYPE_CHECKING:
    from offbeat.config.settings import Settings
    from offbeat.core.orders import Label
    from offbeat.state.store import Episode

WHATS = ("fault", "expected", "false_alarm", "new_normal")
"""As `core.orders.WHATS`, which a test holds it to: so that `--help` imports nothing of the core."""

_MEANS = {
    "fault": "it is never learnt",
    "expected": "it may be learnt",
    "false_alarm": "it may be learnt",
    "new_normal": "it is learnt in the place of what was before",
}
_DETECTORS = "detectors' surprise (-log10 of its chance)"
_SHORT_ID = 10
_NEWEST = 20


def add_parser(subparsers: Subparsers) -> None:
    """Add `episodes` to the command line."""
    parser = subparsers.add_parser(
        "episodes",
        help="list what was strange, show one, say what it was",
        description="What was strange: the newest episodes, or with an ACTION what is known of one. ID may be the "
        "beginning of an id. What an episode is labelled decides whether it is learnt.",
    )
    _add_list_options(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=False, parser_class=Parser)
    listing = actions.add_parser(
        "list", help="list them, the newest first", argument_default=argparse.SUPPRESS
    )
    _add_list_options(listing)
    show = actions.add_parser(
        "show", help="tell all that is known of one", argument_default=argparse.SUPPRESS
    )
    show.add_argument("id", metavar="ID", help="of an episode, or its beginning")
    add_json_option(show)
    add_config_option(show, of_daemon=True)
    label = actions.add_parser("label", help="say what one was", argument_default=argparse.SUPPRESS)
    label.add_argument("id", metavar="ID", help="of an episode, or its beginning")
    label.add_argument("what", metavar="WHAT", choices=WHATS, help=f"one of {', '.join(WHATS)}")
    label.add_argument("--note", metavar="TEXT", help="kept with it")
    add_config_option(label, of_daemon=True)


def run(args: argparse.Namespace) -> int:
    """Do what is asked for."""
    action = args.action or "list"
    return _ACTIONS[action](args, daemon_settings(args, writes=action == "label"))


def _add_list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--open", action="store_true", help="only those that are open")
    parser.add_argument("--sensor", metavar="ID", help="only those of a sensor")
    parser.add_argument(
        "--limit", type=int, metavar="N", help=f"so many at most; by default {_NEWEST}, of open ones all"
    )
    add_json_option(parser)
    add_config_option(parser, of_daemon=True)


def _list(args: argparse.Namespace, settings: Settings) -> int:
    if args.limit is not None and args.limit < 1:
        raise UsageError(f"--limit is {args.limit}; expected at least 1")
    found = _labelled(_known(settings), settings)
    known = {one.sensor for one in found}
    found = [
        one for one in found if args.sensor in (None, one.sensor) and (one.closed_at is None or not args.open)
    ]
    if args.sensor is not None and not found:
        _warn_of_unknown(args.sensor, known, settings)
    shown = found[: args.limit or (None if args.open else _NEWEST)]
    if args.json:
        print_json([asdict(one) for one in shown])
    else:
        print("\n".join(_lines(shown, len(found), settings.state.directory)))
    return 0


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from offbeat.app.told import orders_of

    (one,) = _labelled([_find(args.id, settings)], settings)
    label = orders_of(settings).labelled().get(one.id)
    if args.json:
        print_json(asdict(one) | {"labelled": None if label is None else asdict(label)})
    else:
        print("\n".join(_told(one, label)))
    return 0


def _label(args: argparse.Namespace, settings: Settings) -> int:
    from offbeat.core.orders import Label

    one = _find(args.id, settings)
    note = getattr(args, "note", "")
    book = open_book(settings)
    try:
        book.label(
            Label(
                one.id,
                one.sensor,
                one.kind,
                one.opened_at,
                one.closed_at,
                args.what,
                time.time(),
                note,
                acting_user(),
            )
        )
    finally:
        book.close()
    print(f"{one.id} of {one.sensor} is labelled {args.what}: {_MEANS[args.what]}")
    return 0


_ACTIONS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "list": _list,
    "show": _show,
    "label": _label,
}


def _find(beginning: str, settings: Settings) -> Episode:
    """Return the episode whose id begins like this.

    Raises:
        UsageError: there is none, or there are several.
        UnavailableError: there is no state of a daemon to look in.
    """
    from offbeat.config.guess import did_you_mean

    daemon_state(settings)
    episodes = _known(settings)
    found = [one for one in episodes if one.id.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(one.id for one in found[:3])
        raise UsageError(f"{len(found)} episodes begin with {beginning}: {some}; write more of the id")
    guess = did_you_mean(beginning, [one.id[: len(beginning)] for one in episodes])
    raise UsageError(f"there is no episode {beginning}{guess}; list them with `offbeat episodes`")


def _known(settings: Settings) -> list[Episode]:
    """Return all episodes, newest first: also those that only their labels know, for a label may have to be mended."""
    from offbeat.app.told import episodes_of, forgotten_of

    history = episodes_of(settings)
    return sorted([*history, *forgotten_of(settings, history)], key=lambda one: -one.opened_at)


def _labelled(episodes: Sequence[Episode], settings: Settings) -> list[Episode]:
    from offbeat.app.told import orders_of

    labels = orders_of(settings).labelled()
    return [replace(one, label=labels[one.id].what) if one.id in labels else one for one in episodes]


def _warn_of_unknown(sensor: str, known: set[str], settings: Settings) -> None:
    from offbeat.app.known_sensors import known_sensors
    from offbeat.cli.learning import warn
    from offbeat.config.guess import did_you_mean

    known = known | known_sensors(settings)
    if sensor not in known:
        warn([f'no sensor "{sensor}" is known{did_you_mean(sensor, known)}'])


def _lines(episodes: Sequence[Episode], found: int, directory: Path) -> Iterator[str]:
    if not episodes:
        yield f'no episode, or none like that, is in the history of the state directory "{directory}"'
        return
    wide = max(len(one.sensor) for one in episodes)
    yield f"{'id':<{_SHORT_ID}}  {'began':<23}  {'lasted':<14} {'severity':<8} {'kind':<13} {'sensor':<{wide}}  label"
    for one in episodes:
        line = (
            f"{one.id[:_SHORT_ID]:<{_SHORT_ID}}  {at(one.opened_at)}  {_lasted(one):<14} {one.severity:<8} "
            f"{one.kind:<13} {one.sensor:<{wide}}  {one.label or ''}"
        )
        yield line.rstrip()
    if found > len(episodes):
        yield f"{found - len(episodes)} more; show them with --limit"


def _lasted(one: Episode) -> str:
    from offbeat.core.wording import duration

    return "is open" if one.closed_at is None else duration(one.closed_at - one.opened_at)


def _told(one: Episode, label: Label | None) -> Iterator[str]:
    yield f"{one.id} of {one.sensor}: {one.severity}, {one.kind} ({one.family})"
    if one.opening is not None:
        yield f"  {one.opening}"
    if one.message != one.opening:
        yield f"  {one.message}"
    yield f"  began: {at(one.opened_at)}"
    yield f"  {'last told of' if one.closed_at is None else 'ended'}: {at(one.closed_at or one.updated_at)}"
    if one.peak_score is not None:
        yield f"  worst score: {one.peak_score:.2f}"
    for name, numbers in (("channels", one.contributions), (_DETECTORS, one.streams)):
        if numbers:
            most = sorted(numbers.items(), key=lambda item: -item[1])
            yield f"  {name} at the worst: " + ", ".join(f"{key} {value:.2f}" for key, value in most)
    if label is not None:
        note = f": {label.note}" if label.note else ""
        yield f"  labelled {label.what} by {label.by} at {at(label.at)}{note}"
