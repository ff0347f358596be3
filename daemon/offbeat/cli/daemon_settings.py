"""Settings for commands that need no more than a daemon's state: while its file is broken, those that it runs by."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.common import wants_colour
from offbeat.cli.config_choice import SYSTEM_CONFIG, config_path
from offbeat.errors import ConfigError

if TYPE_CHECKING:
    from offbeat.cli.running import SoughtDaemon
    from offbeat.config.report import Report
    from offbeat.config.settings import Settings

_BROKEN = "a daemon that runs goes on by what it read before, and none starts with this"


def daemon_settings(args: argparse.Namespace, *, writes: bool) -> Settings:
    """Return the settings of the daemon that `--config` leads to, with its state directory and how it is asked.

    Where the configuration cannot be used, they are those that its daemon runs by, and what is wrong is printed. What
    that daemon says never decides which directory is looked at, nor, if it is another user's, whose password is read.

    Args:
        args: with `config`.
        writes: something is to be written into the state. Then the daemon has to be that of the directory's owner, and
            the directory one that the configuration itself leads to: no other daemon is told what was not meant for it.

    Raises:
        ConfigError: the configuration cannot be used, and no daemon tells by what it runs; the message is the report.
    """
    from offbeat.cli.running import look_for_daemon
    from offbeat.cli.state_place import with_its_state

    daemon = look_for_daemon(config_path(args))
    if daemon.settings is not None:
        settings = with_its_state(daemon.path, daemon.settings)
    else:
        settings = _told(daemon, writes=writes)
    return settings.model_copy(update={"metrics": daemon.metrics})


def _told(daemon: SoughtDaemon, *, writes: bool) -> Settings:
    """Return what the daemon of a broken configuration runs by, but with the state directory that was looked at."""
    from offbeat.cli.state_place import is_named

    where = f'the state directory "{daemon.place}"'
    if daemon.running is None:
        named = daemon.state is not None and is_named(daemon.state)
        why = f"nothing tells by what a daemon runs on {where}"
        raise _unusable(daemon.report, why, nameable=not named)
    if writes and not _leads_there(daemon):
        why = f"nothing tells that {where} is of this configuration: a daemon runs on it"
        raise _unusable(daemon.report, why, nameable=True)
    if writes and not daemon.running.owns_directory:
        why = f"the daemon on {where} is not of the user whose directory it is"
        raise _unusable(daemon.report, why, nameable=False)
    tell_of_problems(daemon.report)
    told = daemon.running.settings
    return told.model_copy(update={"state": told.state.model_copy(update={"directory": daemon.place})})


def tell_of_problems(report: Report) -> None:
    """Print what is wrong with the configuration of a daemon that runs."""
    print(report.render(colour=wants_colour(sys.stderr), ending=_BROKEN), file=sys.stderr)


def _leads_there(daemon: SoughtDaemon) -> bool:
    """Return whether a broken configuration still tells which state directory is its own.

    The one in the working directory is so only beside a file that names no other, as far as can be read.
    """
    from offbeat.cli.state_place import is_named

    folder, state = daemon.path.absolute().parent, daemon.state
    if os.environ.get("STATE_DIRECTORY") or folder == SYSTEM_CONFIG.parent:
        return True
    if state is None or is_named(state):
        return state is not None
    is_misread = any(problem.option.split(".")[0] == "state" for problem in daemon.report.problems)
    return not is_misread and folder.samefile(Path.cwd())


def _unusable(report: Report, why: str, *, nameable: bool) -> ConfigError:
    named = ", or name its directory by STATE_DIRECTORY=DIR before the command" if nameable else ""
    return ConfigError(report.render(ending=f"nothing was done, since {why}; mend the configuration{named}"))
