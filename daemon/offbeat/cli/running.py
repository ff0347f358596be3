"""The daemon that a command is about, as its state directory tells of it while it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from offbeat.cli.common import SYSTEM_CONFIG
from offbeat.config.settings import MetricsSettings, Settings, StateSettings
from offbeat.state.running import Running, running_on

SYSTEM_STATE = Path("/var/lib")
CREDENTIALS = Path("/run/credentials")
"""Where systemd hands secrets to a service."""


def running_daemon(path: Path, state: StateSettings | None) -> Running | None:
    """Return the daemon of a configuration; None where none runs, or where that cannot be known.

    Args:
        path: of the configuration.
        state: what it says of its state, as far as it can be read.
    """
    found = (running_on(place) for place in state_places(path, state or StateSettings()))
    return next((one for one in found if one is not None), None)


def state_places(path: Path, state: StateSettings) -> list[Path]:
    """Return where the state of a configuration may lie: a service has a place of its own, that only it is told of."""
    if (
        _is_named(state)
        or os.environ.get("STATE_DIRECTORY")
        or path.absolute().parent != SYSTEM_CONFIG.parent
    ):
        return [state.directory]
    name = SYSTEM_CONFIG.stem if path.stem == SYSTEM_CONFIG.stem else f"{SYSTEM_CONFIG.stem}-{path.stem}"
    return [state.directory, SYSTEM_STATE / name]


def reached_at(running: Running, metrics: MetricsSettings | None) -> MetricsSettings:
    """Return how a running daemon is asked.

    Args:
        running: it.
        metrics: what the configuration says now, as far as it can be read. Another user's daemon does not say which
            file is read for the password: it could name one that only we may read.
    """
    own = running.settings.metrics
    if running.is_ours:
        return own
    return own.model_copy(update={"password_file": None if metrics is None else metrics.password_file})


def as_read_by(running: Running, settings: Settings) -> Settings:
    """Return settings as a running daemon would read them from the same files: systemd tells it more than us."""
    old, tables = running.settings, {}
    for name in ("mqtt", "metrics"):
        table = getattr(settings, name)
        tables[name] = table.model_copy(update=_handed_over(getattr(old, name), table))
    state = settings.state
    if not _is_named(state):
        tables["state"] = state.model_copy(update={"directory": old.state.directory})
    return settings.model_copy(update=tables)


def _is_named(state: StateSettings) -> bool:
    return "directory" in state.model_fields_set


def _handed_over(old: BaseModel, new: BaseModel) -> dict[str, Any]:
    """Return the files of a table that systemd hands to the daemon under the same name."""
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in type(new).model_fields)
    return {
        name: was
        for name, was, now in pairs
        if isinstance(was, Path)
        and isinstance(now, Path)
        and was.is_relative_to(CREDENTIALS)
        and was.name == now.name
    }
