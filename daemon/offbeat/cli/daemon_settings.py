"""Settings for commands that need no more than a daemon's state: while its file is broken, those that it runs by."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from offbeat.cli.common import SYSTEM_CONFIG, config_path, wants_colour
from offbeat.errors import ConfigError

if TYPE_CHECKING:
    from offbeat.config.report import Report
    from offbeat.config.settings import Settings, StateSettings

_BROKEN = "a daemon that runs goes on by what it read before, and none starts with this"


def daemon_settings(args: argparse.Namespace, *, writes: bool) -> Settings:
    """Return the settings of the daemon that `--config` leads to, with its state directory.

    Where the configuration cannot be used, they are those that its daemon runs by, and what is wrong is printed. What
    that daemon says never decides which directory is looked at, nor, if it is another user's, whose password is read.

    Args:
        args: with `config`.
        writes: something is to be written into the state. Then the daemon has to be that of the directory's owner, and
            the directory one that the configuration itself leads to: no other daemon is told what was not meant for it.

    Raises:
        ConfigError: the configuration cannot be used, and no daemon tells by what it runs; the message is the report.
    """
    from offbeat.cli.running import reached_at
    from offbeat.cli.state_place import is_named, state_place, with_its_state
    from offbeat.config.loading import examine, usable_tables
    from offbeat.config.settings import StateSettings
    from offbeat.state.running import running_on

    path = config_path(args)
    settings, report = examine(path)
    if settings is not None:
        return with_its_state(path, settings)
    tables = usable_tables(path)
    state = tables.state or StateSettings()
    place = state_place(path, state)
    running, where = running_on(place), f'the state directory "{place}"'
    if running is None:
        raise _unusable(
            report, f"nothing tells by what a daemon runs on {where}", nameable=not is_named(state)
        )
    if writes and not _leads_there(path, tables.state, report):
        raise _unusable(
            report, f"nothing tells that {where} is of this configuration: a daemon runs on it", nameable=True
        )
    if writes and not running.owns_directory:
        raise _unusable(
            report, f"the daemon on {where} is not of the user whose directory it is", nameable=False
        )
    tell_of_problems(report)
    told = running.settings
    kept = told.state.model_copy(update={"directory": place})
    return told.model_copy(update={"state": kept, "metrics": reached_at(running, tables.metrics)})


def tell_of_problems(report: Report) -> None:
    """Print what is wrong with the configuration of a daemon that runs."""
    print(report.render(colour=wants_colour(sys.stderr), ending=_BROKEN), file=sys.stderr)


def _leads_there(path: Path, state: StateSettings | None, report: Report) -> bool:
    """Return whether a broken configuration still tells which state directory is its own.

    The one in the working directory is so only beside a file that names no other, as far as can be read.
    """
    from offbeat.cli.state_place import is_named

    folder = path.absolute().parent
    if os.environ.get("STATE_DIRECTORY") or folder == SYSTEM_CONFIG.parent:
        return True
    if state is None or is_named(state):
        return state is not None
    is_misread = any(problem.option.split(".")[0] == "state" for problem in report.problems)
    return not is_misread and folder.samefile(Path.cwd())


def _unusable(report: Report, why: str, *, nameable: bool) -> ConfigError:
    named = ", or name its directory by STATE_DIRECTORY=DIR before the command" if nameable else ""
    return ConfigError(report.render(ending=f"nothing was done, since {why}; mend the configuration{named}"))
