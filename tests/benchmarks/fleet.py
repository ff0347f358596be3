"""Many sensors of one channel that have said nothing yet."""

from __future__ import annotations

from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import UNIVARIATE, SensorDirectory


def fleet_of(sensors: int) -> Pipeline:
    """Return a pipeline that has heard of so many sensors."""
    directory = SensorDirectory([UNIVARIATE], sensors)
    for number in range(sensors):
        directory.admit(0, f"hall{number % 20}.sensor{number:05d}")
    return Pipeline(directory, CoreSettings())
