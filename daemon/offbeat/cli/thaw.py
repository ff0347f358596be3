"""`offbeat thaw`: let what was frozen be learnt again."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offbeat.cli.book import open_book
from offbeat.cli.config_choice import add_config_option
from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.freeze import add_scope, called, scope_of
from offbeat.cli.parser import Subparsers

if TYPE_CHECKING:
    from offbeat.core.orders import Freeze, Scope


def add_parser(subparsers: Subparsers) -> None:
    """Add `thaw` to the command line."""
    parser = subparsers.add_parser(
        "thaw",
        help="let what was frozen be learnt again",
        description="Ends freezes of sensors or of a group; --all ends every freeze, whatever it is of. What was read "
        "meanwhile is not learnt afterwards either.",
    )
    add_scope(parser)
    add_config_option(parser, of_daemon=True)


def run(args: argparse.Namespace) -> int:
    """End the freezes, and say what still keeps a sensor frozen; 1 if there was nothing to end."""
    settings = daemon_settings(args, writes=True)
    scope, names = scope_of(args, settings)
    now, book, ended = time.time(), open_book(settings), 0
    try:
        holding = [one for one in book.orders().freezes if one.holds_at(now)]
        for name in names:
            mine = tuple(one for one in holding if scope == "all" or (one.scope, one.name) == (scope, name))
            book.thaw(mine, now)
            ended += len(mine)
            print(_told(scope, name, mine, [one for one in holding if one not in mine]))
    finally:
        book.close()
    return 0 if ended else 1


def _told(scope: Scope, name: str, ended: Sequence[Freeze], rest: Sequence[Freeze]) -> str:
    what = {"sensor": name, "group": f"all of {name}", "all": "all sensors"}[scope]
    wider = [one for one in rest if one.scope == "all" or (scope == "sensor" and one.scope == "group")]
    still = f"; still frozen with {' and '.join(called(one) for one in wider)}" if wider else ""
    if not ended:
        return f"{what}: there was no freeze to end{still}"
    return f"{what}: learnt again from now on{still}"
