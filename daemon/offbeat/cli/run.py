"""`offbeat run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import gc

from offbeat.cli.common import add_config_option, config_path
from offbeat.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `run` to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="listen to the broker, score, and publish alerts",
        description="Listens to the broker, scores what arrives and publishes alerts, until SIGTERM or Ctrl-C. "
        "SIGHUP lets it read its configuration again.",
    )
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the daemon until it is asked to stop."""
    from offbeat.config.loading import examine, load

    path = config_path(args)
    settings = load(path)
    faulthandler.enable()
    from offbeat.app.service import Service
    from offbeat.observe.logs import configure

    configure(settings.log)
    service = Service(settings, reread=lambda: examine(path))
    _tame_collector()
    service.run()
    return 0


def _tame_collector() -> None:
    """Let the garbage collector look at what a flood of messages leaves less often, and never at what stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
