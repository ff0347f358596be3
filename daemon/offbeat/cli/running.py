"""The daemon that a command is about, as its state directory tells of it while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from offbeat.cli.state_place import is_named, state_place
from offbeat.config.settings import MetricsSettings, Settings, StateSettings
from offbeat.state.running import Running, running_on

CREDENTIALS = Path("/run/credentials")
"""Where systemd hands secrets to a service."""


def running_daemon(path: Path, state: StateSettings | None) -> Running | None:
    """Return the daemon of a configuration; None where none runs, or where that cannot be known.

    Args:
        path: of the configuration.
        state: what it says of its state, as far as it can be read.
    """
    return running_on(state_place(path, state or StateSettings()))


def reached_at(running: Running, metrics: MetricsSettings | None) -> MetricsSettings:
    """Return how a running daemon is asked.

    Another user's daemon says neither which file is read for the password, for it could name one that only we may
    read, nor where ours is sent to: only the address that the configuration itself names gets it.

    Args:
        running: it.
        metrics: what the configuration says now, as far as it can be read.
    """
    told = running.settings.metrics
    if running.is_ours:
        return told
    if metrics is not None and metrics.listen == told.listen:
        return told.model_copy(update={"password_file": metrics.password_file})
    return told.model_copy(update={"password_file": None})


def as_read_by(running: Running, settings: Settings) -> Settings:
    """Return settings as a running daemon would read them from the same files: systemd tells it more than us."""
    old, tables = running.settings, {}
    for name in ("mqtt", "metrics"):
        table = getattr(settings, name)
        tables[name] = table.model_copy(update=_handed_over(getattr(old, name), table))
    state = settings.state
    if not is_named(state):
        tables["state"] = state.model_copy(update={"directory": old.state.directory})
    return settings.model_copy(update=tables)


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
