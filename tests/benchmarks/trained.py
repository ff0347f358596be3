"""Sensors that were learnt: synthetic recordings named as the load's topics, and what was learnt of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.replay.series import Series
from tests.benchmarks.load import SENSORS, sensor_ids
from tests.benchmarks.own_process import in_own_process

ROWS = 320
STEPS = 150
"""Far too few for a good model; one of the default size costs the same however well it was trained."""
LOAD_GAP_SECONDS = SENSORS / 30_000
PROBES = 300
PROBE_GAP_SECONDS = 1.0
PROBE_LEVEL, PROBE_NOISE = 20.0, 0.05
END_SECONDS = 1_700_000_000.0


def probe_topic(number: int) -> str:
    """Return the topic of a sensor that the load generator leaves alone."""
    return f"plant/probe/sensor{number}/state"


def probe_id(number: int) -> str:
    """Return the id that the load's template makes of a probe's topic."""
    return f"probe.sensor{number}"


def recordings() -> list[Series]:
    """Return what the load's sensors and the probes would have said before."""
    random = np.random.default_rng(0)
    load = [
        _series(name, LOAD_GAP_SECONDS, 20.0 + 1e-3 * ((number + np.arange(ROWS)) % 1000), random)
        for number, name in enumerate(sensor_ids())
    ]
    level = PROBE_LEVEL + random.normal(0.0, PROBE_NOISE, (PROBES, ROWS))
    return load + [_series(probe_id(i), PROBE_GAP_SECONDS, level[i], random) for i in range(PROBES)]


def artifact(folder: Path) -> Path:
    """Return the folder of an artifact of the default model's size, trained at the first call of a run."""
    path = folder / "artifact"
    if not path.exists():
        in_own_process(_train, path)
    return path


def _train(path: Path) -> None:
    train_from_recordings(recordings(), TrainingPlan(steps=STEPS, device="cpu"), path)


def _series(name: str, gap_seconds: float, values: np.ndarray, random: np.random.Generator) -> Series:
    gaps = gap_seconds * random.lognormal(0.0, 0.2, ROWS)
    times = END_SECONDS - gaps[::-1].cumsum()[::-1]
    return Series(name, ("value",), times, values.astype(np.float32)[:, None])
