"""The daemon that a command is about, as its state directory tells of it while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from offbeat.cli.state_place import is_named, state_place
from offbeat.config.loading import examine, usable_tables
from offbeat.config.report import Report
from offbeat.config.settings import MetricsSettings, Settings, StateSettings
from offbeat.state.running import Running, running_on

CREDENTIALS = Path("/run/credentials")
"""Where systemd hands secrets to a service."""


@dataclass(frozen=True, slots=True)
class SoughtDaemon:
    """The daemon of a configuration, as far as there is one.

    Attributes:
        path: of the configuration.
        settings: as it says now; None where it cannot be used.
        report: what is wrong with it.
        state: what it says of its state, as far as it can be read; None where it cannot.
        place: its state directory.
        running: the daemon that runs there; None where none does, or where that cannot be known.
        metrics: how the daemon is asked: as it says where it runs, else as the configuration does; None where neither
            can be read.
    """

    path: Path
    settings: Settings | None
    report: Report
    state: StateSettings | None
    place: Path
    running: Running | None
    metrics: MetricsSettings | None


def look_for_daemon(path: Path) -> SoughtDaemon:
    """Return the daemon of a configuration, also of one that is broken by now."""
    settings, report = examine(path)
    tables = usable_tables(path) if settings is None else settings
    place = state_place(path, tables.state or StateSettings())
    running = running_on(place)
    metrics = tables.metrics if running is None else reached_at(running, tables.metrics)
    return SoughtDaemon(path, settings, report, tables.state, place, running, metrics)


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
