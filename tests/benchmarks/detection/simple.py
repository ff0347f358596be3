"""Simple causal detectors, fitted on the past of each series: what a learned one has to beat."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from tests.benchmarks.detection.judge import Scored

LAGS = 16
MEAN_ROWS = 25
TREES, FEWEST_ROWS = 100, 16
"""Of the isolation forest."""
KEPT_SHARE = 0.9
"""Share of the variance that the subspace of lagged windows holds."""
MOST_COLUMNS = 160
"""Columns of a lagged window; sensors of many channels get fewer lags."""

Doubles = NDArray[np.float64]
Detector = Callable[[Doubles, int], Doubles]


def score_all(series: Series, test_from: float) -> dict[str, Doubles]:
    """Return each detector's score of each row, in recorded order [n]."""
    learnt = series.times_seconds < test_from
    values = filled(series.values.astype(np.float64))
    robust, plain = _robust(values, learnt), _plain(values, learnt)
    rows = np.flatnonzero(learnt)
    return {
        "max abs z": np.abs(plain).max(axis=1),
        "mean of 25 abs z": _trailing_mean(np.abs(plain).max(axis=1), MEAN_ROWS),
        "robust z": np.abs(robust).max(axis=1),
        "abs difference": np.abs(np.diff(robust, axis=0, prepend=robust[:1])).max(axis=1),
        "jump over gap": jump_over_gap(robust, series.times_seconds, rows),
        "PCA of lags": pca_of_lags(np.clip(robust, -10, 10), rows),
    }


def score_by_detector(
    series: Iterable[Series], splits: Splits, forest: bool = False
) -> dict[str, dict[str, Scored]]:
    """Return how each detector scores the rows of each series.

    Args:
        series: recordings.
        splits: where the test parts begin: what lies before is learnt.
        forest: ask the isolation forest of lagged windows, too, which takes longer than all others.
    """
    out: dict[str, dict[str, Scored]] = {}
    for one in series:
        start = splits.test_from(one.sensor)
        scores = score_all(one, start)
        if forest:
            scores["isolation forest of lags"] = forest_of_lags(one, start)
        for name, score in scores.items():
            out.setdefault(name, {})[one.sensor] = Scored(one.times_seconds, score)
    return out


def forest_of_lags(series: Series, test_from: float) -> Doubles:
    """Return how soon random cuts set the lagged window of each row apart, by an isolation forest of the past [n]."""
    learnt = series.times_seconds < test_from
    z = np.clip(_robust(filled(series.values.astype(np.float64)), learnt), -10, 10)
    windows = lagged(z, max(min(LAGS, MOST_COLUMNS // z.shape[1]), 1))
    if learnt.sum() < FEWEST_ROWS:
        return np.zeros(len(series))
    forest = IsolationForest(n_estimators=TREES, random_state=0, n_jobs=1).fit(windows[learnt])
    strangeness: Doubles = -forest.score_samples(windows)
    return strangeness


def jump_over_gap(z: Doubles, times_seconds: Doubles, learnt: NDArray[np.intp]) -> Doubles:
    """Return the largest step of a channel, as a share of what a random walk takes in such a gap, by row."""
    gaps = np.maximum(np.diff(times_seconds, prepend=times_seconds[:1]), 0.0)
    past = gaps[learnt]
    usual = float(np.median(past[past > 0])) if (past > 0).any() else 1.0
    steps = np.abs(np.diff(z, axis=0, prepend=z[:1])).max(axis=1)
    jump: Doubles = steps / np.sqrt(np.maximum(gaps / usual, 1.0))
    return jump


def filled(values: Doubles) -> Doubles:
    """Return the values with the newest one seen where none was observed; 0 before the first."""
    return np.nan_to_num(held(values), nan=0.0)


def held(values: Doubles) -> Doubles:
    """Return the values with the newest one seen where none was observed; NaN before the first."""
    seen = np.isfinite(values)
    newest = np.maximum.accumulate(np.where(seen, np.arange(len(values))[:, None], -1), axis=0)
    taken = np.take_along_axis(values, np.maximum(newest, 0), axis=0)
    return np.where(newest >= 0, taken, np.nan)


def pca_of_lags(z: Doubles, learnt: NDArray[np.intp]) -> Doubles:
    """Return the length of what the subspace of the learnt lagged windows does not explain, by row."""
    lags = max(min(LAGS, MOST_COLUMNS // z.shape[1]), 1)
    windows = lagged(z, lags)
    past = windows[learnt]
    if len(past) < 2:
        return np.zeros(len(z))
    middle = past.mean(axis=0)
    strengths, axes = np.linalg.eigh(np.cov((past - middle).T).reshape(windows.shape[1], -1))
    share = np.cumsum(strengths[::-1]) / max(float(strengths.sum()), 1e-12)
    kept = axes[:, ::-1][:, : int(np.searchsorted(share, KEPT_SHARE)) + 1]
    away = windows - middle
    residual: Doubles = np.linalg.norm(away - away @ kept @ kept.T, axis=1)
    return residual


def lagged(values: Doubles, lags: int) -> Doubles:
    """Return each row with those before it, [n, lags * C]; before the first row stands the first."""
    rows = np.arange(len(values))
    return np.concatenate([values[np.maximum(rows - lag, 0)] for lag in range(lags)], axis=1)


def _robust(values: Doubles, learnt: NDArray[np.bool_]) -> Doubles:
    past = values[learnt] if learnt.any() else values[:1]
    low, middle, high = np.quantile(past, [0.05, 0.5, 0.95], axis=0)
    scale = np.maximum((high - low) / 3.29, 0.3 * past.std(axis=0))
    return _scaled(values - middle, scale)


def _plain(values: Doubles, learnt: NDArray[np.bool_]) -> Doubles:
    past = values[learnt] if learnt.any() else values[:1]
    return _scaled(values - past.mean(axis=0), past.std(axis=0))


def _scaled(away: Doubles, scale: Doubles) -> Doubles:
    """Return deviations in scales; where nothing moved in the past, 3 for whatever moves now."""
    return np.where(scale > 0, away / np.where(scale > 0, scale, 1.0), 3.0 * (away != 0))


def _trailing_mean(column: Doubles, rows: int) -> Doubles:
    total = np.cumsum(np.concatenate([[0.0], column]))
    first = np.maximum(np.arange(len(column)) - rows + 1, 0)
    out: Doubles = (total[1:] - total[first]) / (np.arange(len(column)) - first + 1)
    return out
