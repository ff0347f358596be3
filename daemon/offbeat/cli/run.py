"""`offbeat run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler

from offbeat.cli.common import add_config_option, load_settings
from offbeat.cli.parser import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add `run` to the command line."""
    parser = subparsers.add_parser(
        "run",
        help="listen to the broker, score, and publish alerts",
        description="Listens to the broker, scores what arrives and publishes alerts, until SIGTERM or Ctrl-C.",
    )
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the daemon until it is asked to stop."""
    settings = load_settings(args)
    faulthandler.enable()
    from offbeat.app.service import Service
    from offbeat.observe.logs import configure

    configure(settings.log)
    Service(settings).run()
    return 0
