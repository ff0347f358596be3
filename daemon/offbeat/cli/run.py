"""`offbeat run`: the daemon."""

from __future__ import annotations

import argparse
import faulthandler
import gc

import structlog

from offbeat import __version__
from offbeat.cli.config_choice import add_config_option, config_path
from offbeat.cli.parser import Subparsers

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


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
    from offbeat.observe.http import check_free
    from offbeat.observe.logs import configure

    configure(settings.log)
    # What follows takes seconds, on a small machine half a minute: say so, and find out first what can be.
    _log.info("starting", version=__version__, configuration=str(path))
    if settings.metrics.listen:
        check_free(settings.metrics.listen)
    faulthandler.enable()
    from offbeat.app.service import Service

    service = Service(settings, reread=lambda: examine(path))
    _tame_collector()
    service.run()
    return 0


def _tame_collector() -> None:
    """Let the garbage collector look at what a flood of messages leaves less often, and never at what stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
