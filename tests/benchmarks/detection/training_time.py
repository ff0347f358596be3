"""How long learning a whole plant takes: the default model, learnt as `offbeat train` learns it."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.core.sensors import UNIVARIATE
from offbeat.learn.progress import Progress
from offbeat.replay.series import Series
from offbeat_models.synthetic import make_fleet, stream

SENSORS, READINGS = 100, 10_000
STEPS = TrainingPlan().steps
START_SECONDS = 1_700_000_000.0


def measure(
    sensors: int = SENSORS, readings: int = READINGS, seed: int = 0, device: str = "cpu", steps: int = STEPS
) -> dict[str, Any]:
    """Return the wall-clock seconds of each stage and in all, and the most memory that was held.

    Args:
        sensors: of one channel, of all shapes and rhythms of the synthetic fleet.
        readings: of each.
        seed: of signals and training.
        device: to train on.
        steps: of the training at most.
    """
    series = plant(sensors, readings, seed)
    stages, load = Stages(), os.getloadavg()[0]
    began, used = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        (trained,) = train_from_recordings(
            series, TrainingPlan(seed=seed, device=device, steps=steps), Path(folder), stages.heard
        )
    return {
        "seconds": time.monotonic() - began,
        "processor seconds": time.process_time() - used,
        "stages": stages.seconds(),
        "steps": trained.report.steps,
        "stopped": trained.report.stopped,
        "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load before": load,
        "sensors": sensors,
        "readings": readings,
    }


def plant(sensors: int, readings: int, seed: int) -> list[Series]:
    """Return healthy recordings of a fleet of sensors of one channel."""
    out = []
    for number, spec in enumerate(make_fleet(seed, sensors)):
        healthy = stream(spec, np.random.default_rng([seed, number]), START_SECONDS, readings)
        out.append(Series(spec.name, UNIVARIATE, healthy.times, healthy.values.astype(np.float32)))
    return out


class Stages:
    """Hears how far a training is and keeps when each stage began.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: dict[str, float] = {}

    def heard(self, progress: Progress) -> None:
        """Take in a report of progress."""
        if progress.stage not in self._began:
            self._began[progress.stage] = self._clock()

    def seconds(self) -> dict[str, float]:
        """Return how long each stage took, the last one until now."""
        ends = [*list(self._began.values())[1:], self._clock()]
        return {stage: end - began for (stage, began), end in zip(self._began.items(), ends, strict=True)}
