"""Detectors whose score in the Numenta Anomaly Benchmark is published: if ours agrees, the scorer is right."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from tests.benchmarks.detection.nab_score import File, NabScore, nab_score

Doubles = NDArray[np.float64]

GAUSSIAN_ROWS, GAUSSIAN_STEP = 6400, 100
LEAST_DEVIATION = 1e-6
DRAWS = 20
"""Of the random detector: the score of one draw is anything from 1 to 19."""


def gaussian_score(series: Sequence[Series], labels: Spans) -> NabScore:
    """Return what the windowed Gaussian detector is worth."""
    return nab_score(
        [
            File(
                one.times_seconds,
                windowed_gaussian(one.values[:, 0].astype(np.float64)),
                labels.get(one.sensor, []),
            )
            for one in series
        ]
    )


def random_scores(series: Sequence[Series], labels: Spans, draws: int = DRAWS) -> list[float]:
    """Return what a detector that draws its scores is worth, by draw."""
    out = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        files = [File(one.times_seconds, rng.random(len(one)), labels.get(one.sensor, [])) for one in series]
        out.append(nab_score(files).score)
    return out


def windowed_gaussian(values: Doubles) -> Doubles:
    """Return how improbable each value is by the mean and deviation of those before it, 0 to 1 [n].

    All values before it count until there are 6,400; from then on 6,400, brought up to date every 100 rows.
    """
    rows = np.arange(len(values))
    late = np.maximum(rows - GAUSSIAN_ROWS, 0) // GAUSSIAN_STEP * GAUSSIAN_STEP
    end = np.where(rows > GAUSSIAN_ROWS, GAUSSIAN_ROWS + late, rows)
    begin = np.maximum(end - GAUSSIAN_ROWS, 0)
    count = np.maximum(end - begin, 1)
    # Of the distance from the first value, so that one that never moves has no deviation at all.
    moved = values - values[:1]
    mean = _sums(moved, begin, end) / count
    variance = _sums(moved**2, begin, end) / count - mean**2
    deviation = np.sqrt(np.maximum(variance, 0.0))
    z = np.abs(moved - mean) / np.where(deviation > 0, deviation, LEAST_DEVIATION)
    out = np.array([1.0 - 0.5 * math.erfc(one / math.sqrt(2.0)) for one in z.tolist()])
    out[:1] = 0.0
    return out


def _sums(values: Doubles, begin: NDArray[np.intp], end: NDArray[np.intp]) -> Doubles:
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.longdouble)])
    return np.asarray(total[end] - total[begin], np.float64)
