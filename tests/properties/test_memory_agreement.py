"""The estimate of the check and the count of the core agree on what a sensor costs."""

from __future__ import annotations

import pytest

from offbeat.config.memory import bytes_per_sensor
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("readings", [64, 256, 1024])
def test_the_estimate_is_near_what_the_core_counts(readings: int, channels: int) -> None:
    """Never below it, or the check would pass what the start refuses; and not far above it."""
    directory = SensorDirectory([tuple(f"c{i}" for i in range(channels))], max_sensors=500)
    counted = Pipeline(directory, CoreSettings(window_readings=readings)).state_bytes_per_sensor(0)
    assert counted <= bytes_per_sensor(readings, channels) <= 3 * counted
