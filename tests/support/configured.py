"""Settings for tests that build parts of the daemon in their own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from offbeat.config.settings import (
    MetricsSettings,
    ModelSettings,
    MqttSettings,
    Settings,
    SourceSettings,
    StateSettings,
)
from offbeat.config.settings import TimeSettings as Time

NOBODY = "mqtt://127.0.0.1:1"
"""A broker that never answers: nothing listens on this port."""


def a_source(topic: str = "plant/{line}/{sensor}", **options: Any) -> SourceSettings:
    """Return a source whose payloads hold their time."""
    return SourceSettings(topic=topic, time=Time(field="ts"), **options)


def configured(folder: Path, *sources: SourceSettings, url: str = NOBODY, **tables: Any) -> Settings:
    """Return settings of a daemon that keeps its state in a folder, serves no metrics, and has no prior.

    Args:
        folder: of the state.
        sources: one of the plant if none is given.
        url: of the broker.
        tables: other tables of the settings.
    """
    tables.setdefault("state", StateSettings(directory=folder))
    tables.setdefault("metrics", MetricsSettings(listen=""))
    tables.setdefault("model", ModelSettings(prior=False))
    return Settings(mqtt=MqttSettings(url=url), sources=sources or (a_source(),), **tables)
