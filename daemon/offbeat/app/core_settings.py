"""The core's numbers, from the daemon's settings."""

from __future__ import annotations

from dataclasses import replace

from offbeat.config.settings import Settings
from offbeat.core.pipeline_settings import CoreSettings


def core_settings(settings: Settings) -> CoreSettings:
    """Return what the core needs to know of the settings; the core does not know of them."""
    base = CoreSettings()
    return replace(
        base,
        window_readings=settings.limits.window_readings,
        budget_per_week=settings.alerts.budget_per_week,
        window_stride_readings=settings.model.window_stride_readings,
        episodes=replace(base.episodes, update_seconds=settings.alerts.update_interval_seconds),
    )
