"""`offbeat train --now`: ask the daemon that runs for a training, and tell when it comes to it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from offbeat.cli.common import print_json
from offbeat.cli.daemon_settings import daemon_settings
from offbeat.cli.status import Table, learning_line
from offbeat.cli.user import acting_user
from offbeat.errors import ConfigError, UnavailableError, UsageError

if TYPE_CHECKING:
    from offbeat.config.settings import MetricsSettings

_NO_DAEMON = "no daemon runs now; the next one begins when it has started"
_PERHAPS = (
    "whether a daemon runs cannot be told from its state directory; one that does begins within seconds, or when a "
    "training that is under way has ended, another when it has started"
)
_WATCH = "; `offbeat status` tells how far it is"
_AT_ONCE = f"the daemon begins within seconds{_WATCH}"
_AFTER = f"the daemon begins when what it trains now is done, with what was heard until then{_WATCH}"
_UNASKED = f"the daemon begins within seconds, or when a training that is under way has ended{_WATCH}"


def wish(args: argparse.Namespace) -> int:
    """Ask the daemon to train; it does so on trial, which a training by hand is not."""
    if args.recordings or args.journal or args.out is not None or args.no_promote:
        raise UsageError(
            "--now asks the running daemon to train from its journal; leave recordings and other options out"
        )
    settings = daemon_settings(args, writes=True)
    from offbeat.app.learner import why_never
    from offbeat.app.model_library import library_of
    from offbeat.cli.book import daemon_state
    from offbeat.state.running import runs_on

    if why := why_never(settings):
        raise UsageError(f"a daemon of this configuration never trains by itself: {why}")
    runs = runs_on(daemon_state(settings))
    # Asked before it can begin with what is asked for: that is no training to wait for.
    waits_for = _under_way(settings.metrics) if runs else None
    library_of(settings).wish_for_training(acting_user())
    if args.json:
        print_json({"wished": True, "daemon_runs": runs, "waits_for": waits_for})
    else:
        print("\n".join(_told(runs, waits_for)))
    return 0


def _under_way(metrics: MetricsSettings) -> dict[str, Table] | None:
    """Return how far the trainings of a daemon are, by group; None where it cannot be asked."""
    from offbeat.app.daemon_api import DaemonApi

    try:
        learning = DaemonApi(metrics).ask("/api/v1/status").get("learning", {})
    except (UnavailableError, ConfigError):
        return None
    return {group: one for group, one in learning.items() if one["stage"] == "training"}


def _told(runs: bool | None, waits_for: dict[str, Table] | None) -> Iterator[str]:
    """Yield lines on when the training begins."""
    if not runs:
        yield f"asked for: {_PERHAPS if runs is None else _NO_DAEMON}"
    elif waits_for is None:
        yield f"asked for: {_UNASKED}"
    else:
        yield f"asked for: {_AFTER if waits_for else _AT_ONCE}"
        yield from (learning_line(group, one) for group, one in waits_for.items())
