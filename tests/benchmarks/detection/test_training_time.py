"""The plant that is learnt, and how its time is told by stage."""

from __future__ import annotations

import numpy as np

from offbeat.learn.progress import Progress
from tests.benchmarks.detection.training_time import Stages, plant


def test_a_stage_lasts_until_the_next_one_begins() -> None:
    """However often it reports; the last one lasts until it is asked."""
    times = iter([10.0, 12.0, 20.0])
    stages = Stages(lambda: next(times))
    for stage in ("training", "training", "calibrating", "calibrating"):
        stages.heard(Progress(stage, 0, 1))
    assert stages.seconds() == {"training": 2.0, "calibrating": 8.0}


def test_the_plant_is_as_large_as_asked_for() -> None:
    """One channel a sensor, every name once, and the same for the same seed."""
    sensors, again = plant(5, 40, 0), plant(5, 40, 0)
    assert len({one.sensor for one in sensors}) == 5
    assert [one.values.shape for one in sensors] == [(40, 1)] * 5
    assert all(np.array_equal(a.values, b.values) for a, b in zip(sensors, again, strict=True))
