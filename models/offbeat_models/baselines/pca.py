"""pca: the last values on a grid in time, against the few shapes that they usually take.

A history becomes a vector: each channel at G times a median gap apart, read from the rows before the judged one,
and the judged values themselves. Its law is that of probabilistic PCA: some directions, noise in all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat_models.baselines.base import Baseline, BaselineConfig, RowJudgement, gaussian, with_fleet
from offbeat_models.baselines.history import HISTORY_ROWS, Floats, History, recorded_history
from offbeat_models.series import SensorSeries

MOST_GRID_TIMES = 16
FEWEST_GRID_TIMES = 4
GRID_VALUES = 128
"""Values of a vector over all channels, about."""
MOST_DIRECTIONS = 16
EXPLAINED_SHARE = 0.95
VECTORS_PER_SENSOR = 2000
LEAST_VARIANCE = 2.5e-3
OWN_WEIGHT = 2.0
"""A sensor's own covariance counts as much as the fleet's once it has this many vectors a dimension."""

Doubles = NDArray[np.float64]


def grid_times(channels: int) -> int:
    """Return G, the grid times of a vector."""
    return int(np.clip(GRID_VALUES // channels, FEWEST_GRID_TIMES, MOST_GRID_TIMES))


class Pca(Baseline):
    """Reconstruction error of the vector, and how far it lies within the usual shapes."""

    family: ClassVar[str] = "pca"

    @classmethod
    def shapes(cls, config: BaselineConfig) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by name."""
        rows, channels = config.rows, config.channels
        size = (grid_times(channels) + 1) * channels
        directions = min(MOST_DIRECTIONS, size - 1)
        return Baseline.shapes(config) | {
            "middle": (rows, size),
            "basis": (rows, directions, size),
            "spread": (rows, directions),
            "noise": (rows, channels),
            "weight": (rows, channels, size - channels),
            "sigma": (rows, channels),
        }

    def judge(self, history: History) -> RowJudgement:
        """Judge the last row of each history by what the grid before it foretells."""
        learnt, row, channels = self.tensors, history.row, self.config.channels
        middle = learnt["middle"][row]
        before = vectors(history)[:, :-channels] - middle[:, :-channels]
        foretold = np.einsum("nd,ncd->nc", before, np.ascontiguousarray(learnt["weight"][row]))
        return gaussian(history.x[:, -1], middle[:, -channels:] + foretold, learnt["sigma"][row])

    def judge_window(self, history: History) -> Floats:
        """Return half the mean squared deviation by channel, inside the directions and out of them, [N, C]."""
        learnt, row, channels = self.tensors, history.row, self.config.channels
        away = vectors(history) - learnt["middle"][row]
        basis = np.ascontiguousarray(learnt["basis"][row])
        along = np.einsum("nd,npd->np", away, basis)
        left = away - np.einsum("np,npd->nd", along, basis)
        # A direction that is not used has no spread and no basis: nothing lies along it.
        inside = np.einsum("np->n", along**2 / np.maximum(learnt["spread"][row], np.float32(LEAST_VARIANCE)))
        squares = (left**2).reshape(len(row), -1, channels)
        outside = np.einsum("ngc->nc", np.ascontiguousarray(squares)) / learnt["noise"][row]
        each = outside + (inside / np.float32(channels))[:, None]
        return np.asarray(0.5 * each / squares.shape[1], np.float32)

    def _fit_more(self, series: Sequence[SensorSeries], rng: np.random.Generator) -> None:
        channels = self.config.channels
        seen = [_moments(one, rng) for one in series]
        known = [one for one in seen if one is not None]
        size = self.tensors["middle"].shape[1]
        fleet = np.mean([cov for _, cov, _ in known], axis=0) if known else np.eye(size)
        middle = np.stack([np.full(size, np.nan) if one is None else one[0] for one in seen])
        self.tensors["middle"] = with_fleet(middle, [one.row for one in series], self.config.rows, 0.0)
        self._set(np.arange(self.config.rows), fleet, channels)
        for one, moments in zip(series, seen, strict=True):
            if moments is not None:
                own = moments[2] / (moments[2] + OWN_WEIGHT * size)
                self._set(np.array([one.row]), own * moments[1] + (1.0 - own) * fleet, channels)

    def _set(self, rows: NDArray[np.intp], covariance: Doubles, channels: int) -> None:
        """Give rows the law of a covariance."""
        directions = self.tensors["basis"].shape[1]
        variance, vector = np.linalg.eigh(covariance)
        variance, vector = np.maximum(variance[::-1][:directions], 0.0), vector[:, ::-1][:, :directions]
        total = max(float(np.trace(covariance)), LEAST_VARIANCE)
        used = np.cumsum(variance) - variance < EXPLAINED_SHARE * total
        variance, basis = np.where(used, variance, 0.0), np.where(used, vector, 0.0).T  # (P, D)
        rest = np.maximum(np.diag(covariance) - np.einsum("pd,p->d", basis**2, variance), 0.0)
        noise = np.maximum(rest.reshape(-1, channels).mean(0), LEAST_VARIANCE)
        law = np.einsum("pd,p,pe->de", basis, variance, basis) + np.diag(
            np.tile(noise, len(rest) // channels)
        )
        before, now = law[:-channels, :-channels], law[-channels:, :-channels]
        weight = np.linalg.solve(before, now.T).T
        sigma = np.sqrt(np.maximum(np.diag(law)[-channels:] - (weight * now).sum(1), LEAST_VARIANCE))
        learnt: dict[str, Any] = {
            "basis": basis, "spread": variance, "noise": noise, "weight": weight, "sigma": sigma,
        }  # fmt: skip
        for name, value in learnt.items():
            self.tensors[name][rows] = value.astype(np.float32)


def _moments(one: SensorSeries, rng: np.random.Generator) -> tuple[Doubles, Doubles, int] | None:
    """Return (mean, covariance, count) of a sensor's vectors; None if there are too few."""
    first = HISTORY_ROWS // 2
    if len(one) < 2 * first:
        return None
    ends = np.arange(first, len(one))
    if len(ends) > VECTORS_PER_SENSOR:
        ends = np.sort(rng.choice(ends, VECTORS_PER_SENSOR, replace=False))
    history = recorded_history(one, ends)
    whole = vectors(history).astype(np.float64)
    # A judged value that was not observed would be learnt as the median.
    whole = whole[history.mask[:, -1].all(axis=1)] if history.mask[:, -1].all(axis=1).any() else whole
    middle = whole.mean(0)
    away = whole - middle
    # Not `away.T @ away`: threads of a BLAS on a busy small machine wait for each other.
    return middle, np.einsum("nd,ne->de", away, away) / len(away), len(away)


def vectors(history: History) -> Floats:
    """Return the vectors of histories, [N, (G + 1) * C]: the grid by time and channel, then the judged values.

    A judged value that is not observed is the one last seen.
    """
    channels = history.x.shape[2]
    grid = _grid(history, grid_times(channels))  # (N, G, C)
    now = np.where(history.mask[:, -1], history.x[:, -1], grid[:, -1])
    return np.concatenate([grid, now[:, None]], axis=1).reshape(len(history), -1)


def _grid(history: History, times: int) -> Floats:
    """Read the rows before the last at times -(G-1)..0 by interpolation; held at the ends, 0 if never seen."""
    x, mask, tau = history.x[:, :-1], history.mask[:, :-1], history.tau()[:, :-1]
    length = x.shape[1]
    at = np.arange(1 - times, 1)
    place = (tau[:, :, None] <= at[None, None, :]).sum(axis=1)  # rows at or before each time, (N, G)
    index = np.arange(length)[None, :, None]
    before = np.maximum.accumulate(np.where(mask, index, -1), axis=1)
    behind = np.minimum.accumulate(np.where(mask, index, length)[:, ::-1], axis=1)[:, ::-1]
    edge = np.full((len(x), 1, x.shape[2]), -1)
    left = np.take_along_axis(np.concatenate([edge, before], axis=1), place[:, :, None], axis=1)
    right = np.take_along_axis(
        np.concatenate([behind, np.full_like(edge, length)], axis=1), place[:, :, None], axis=1
    )
    has_left, has_right = left >= 0, right < length
    a = np.take_along_axis(x, np.maximum(left, 0), axis=1)
    b = np.take_along_axis(x, np.minimum(right, length - 1), axis=1)
    moment = np.where(np.isfinite(tau), tau, 0.0)[:, :, None]
    start = np.take_along_axis(np.broadcast_to(moment, x.shape), np.maximum(left, 0), axis=1)
    end = np.take_along_axis(np.broadcast_to(moment, x.shape), np.minimum(right, length - 1), axis=1)
    share = (at[None, :, None] - start) / np.maximum(end - start, 1e-9)
    between = a + np.clip(share, 0.0, 1.0) * (b - a)
    held = np.where(has_left, a, np.where(has_right, b, np.float32(0.0)))
    return np.where(has_left & has_right, between, held).astype(np.float32)
