"""A small plant for tests of the pipeline: boilers that are ordinary until a test says otherwise."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, commissioned, directory_of

START = 1_700_000_000.0
LEARNT_ROWS = 1500
BOILERS = tuple(f"boiler{i}.temp" for i in range(4))
PAIR = ("temp", "pressure")


def boiler(i: int, rows: int, start: float = START) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return times and values of a boiler: a slow swing, some noise, a reading about every five seconds."""
    random = np.random.default_rng(i)
    times = start + np.cumsum(random.gamma(8, 5 / 8, rows))
    values = 65 + 3 * np.sin(times / 300) + random.normal(0, 0.3, rows)
    return times, values.astype(np.float32)


@cache
def boilers_learnt() -> Commission:
    """Return what was learnt of `BOILERS` from their first rows."""
    recordings = []
    for i, name in enumerate(BOILERS):
        times, values = boiler(i, LEARNT_ROWS)
        recordings.append(Recording(name, times, values[:, None]))
    return commissioned(("value",), recordings, FakeScorer())


@cache
def pairs_learnt() -> Commission:
    """Return what was learnt of sensors of two channels."""
    recordings = [Recording(name, *pair(i, LEARNT_ROWS)) for i, name in enumerate(BOILERS[:2])]
    return commissioned(PAIR, recordings, FakeScorer())


def pair(i: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return times and rows of a boiler that reports a temperature, and a pressure every other time."""
    times, values = boiler(i, rows)
    pressure = np.where(np.arange(rows) % 2 == 0, 2 + 0.01 * values, np.nan)
    return times, np.stack([values, pressure.astype(np.float32)], axis=1)


def live(i: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return what a boiler reads after it was learnt."""
    times, values = boiler(i, LEARNT_ROWS + rows)
    return times[LEARNT_ROWS:], values[LEARNT_ROWS:].copy()


def plant(settings: CoreSettings | None = None, sensors: tuple[str, ...] = BOILERS) -> Pipeline:
    """Return a pipeline that judges `sensors` by what was learnt of `BOILERS`."""
    pipeline = Pipeline(directory_of(sensors), settings or CoreSettings())
    pipeline.install(0, boilers_learnt(), MODEL)
    return pipeline
