"""half_space_trees: how many past rows fell into the same random boxes as this one.

The trees halve a fixed working space at random dimensions (Tan, Ting and Liu 2011), here of features that know time:
each channel's value, its change and its recent mean, and the log of the gap. All sensors share the trees; each has its
own counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat_models.baselines.base import SMALLEST_SCALE, Baseline, BaselineConfig, RowJudgement, with_fleet
from offbeat_models.baselines.features import features_per_row, row_features
from offbeat_models.baselines.history import Floats, History, recorded_history
from offbeat_models.series import SensorSeries

TREES = 25
DEPTH = 7
LEAVES = 2**DEPTH
REACH = 4.0
"""Half the width of the working space in robust deviations of a feature."""
SHIFT = 1.5
"""How far a tree's working space is moved at most, so that the trees halve at different places."""
ROWS_PER_SENSOR = 4000
PRIOR_ROWS = 0.5
"""Rows that each box is taken to have held from the start."""


class HalfSpaceTrees(Baseline):
    """Negative log of the mean density over the trees' boxes; the same for every channel of a row."""

    family: ClassVar[str] = "half_space_trees"

    @classmethod
    def shapes(cls, config: BaselineConfig) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array by name."""
        features = features_per_row(config.channels)
        return Baseline.shapes(config) | {
            "dimension": (TREES, LEAVES - 1),
            "halfway": (TREES, LEAVES - 1),
            "feature_center": (config.rows, features),
            "feature_scale": (config.rows, features),
            "density": (config.rows, TREES, LEAVES),
        }

    def judge(self, history: History) -> RowJudgement:
        """Judge the last row of each history by the boxes its features fall into."""
        row = history.row
        boxes = self._boxes(self._scaled(row_features(history), row))
        density = self.tensors["density"][row[:, None], np.arange(TREES)[None, :], boxes]
        nll = -np.log(np.einsum("nt->n", np.ascontiguousarray(density)) / np.float32(TREES))
        mean, sigma = self.tensors["center"][row], self.tensors["scale"][row]
        return RowJudgement(np.broadcast_to(nll[:, None], mean.shape).astype(np.float32), mean, sigma)

    def _scaled(self, features: Floats, row: NDArray[np.int64]) -> Floats:
        scaled = (features - self.tensors["feature_center"][row]) / self.tensors["feature_scale"][row]
        return np.asarray(scaled, np.float32)

    def _boxes(self, features: Floats) -> NDArray[np.int64]:
        """Return the leaf of each tree that rows [N, F] fall into, [N, T]."""
        dimension = self.tensors["dimension"].astype(np.int64)
        tree = np.arange(TREES)[None, :]
        node = np.zeros((len(features), TREES), np.int64)
        for _ in range(DEPTH):
            value = np.take_along_axis(features, dimension[tree, node], axis=1)
            node = 2 * node + 1 + (value > self.tensors["halfway"][tree, node])
        return np.asarray(node - (LEAVES - 1))

    def _fit_more(self, series: Sequence[SensorSeries], rng: np.random.Generator) -> None:
        self._grow(rng)
        features = [_features(one, rng) for one in series]
        rows = [one.row for one in series]
        quantiles = np.stack([np.quantile(one, [0.05, 0.5, 0.95], axis=0) for one in features])
        scale = np.maximum((quantiles[:, 2] - quantiles[:, 0]) / 3.29, SMALLEST_SCALE)
        count = self.config.rows
        self.tensors["feature_center"] = with_fleet(quantiles[:, 1], rows, count, 0.0)
        self.tensors["feature_scale"] = with_fleet(scale, rows, count, 1.0)
        seen = np.stack([self._counts(one, row) for one, row in zip(features, rows, strict=True)])
        self.tensors["density"][:] = _density(seen.mean(axis=0))
        for row, one in zip(rows, seen, strict=True):
            self.tensors["density"][row] = _density(one)

    def _counts(self, features: Floats, row: int) -> NDArray[np.float64]:
        """Return how many rows of a sensor fell into each box, [T, leaves]."""
        boxes = self._boxes(self._scaled(features, np.full(len(features), row)))
        each = boxes + LEAVES * np.arange(TREES)[None, :]
        return np.bincount(each.ravel(), minlength=TREES * LEAVES).reshape(TREES, LEAVES).astype(np.float64)

    def _grow(self, rng: np.random.Generator) -> None:
        """Choose each node's dimension; it halves what its ancestors have left of that dimension."""
        features = self.tensors["feature_center"].shape[1]
        for tree in range(TREES):
            middle = rng.uniform(-SHIFT, SHIFT, features)
            low = np.tile(middle - REACH - SHIFT, (LEAVES - 1, 1))
            high = np.tile(middle + REACH + SHIFT, (LEAVES - 1, 1))
            for node in range(LEAVES - 1):
                d = int(rng.integers(features))
                half = 0.5 * (low[node, d] + high[node, d])
                self.tensors["dimension"][tree, node] = d
                self.tensors["halfway"][tree, node] = half
                for child, bound in ((2 * node + 1, high), (2 * node + 2, low)):
                    if child < LEAVES - 1:
                        low[child], high[child] = low[node], high[node]
                        bound[child, d] = half


def _features(one: SensorSeries, rng: np.random.Generator) -> Floats:
    ends = np.arange(min(1, len(one) - 1), len(one))
    if len(ends) > ROWS_PER_SENSOR:
        ends = np.sort(rng.choice(ends, ROWS_PER_SENSOR, replace=False))
    return row_features(recorded_history(one, ends))


def _density(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return densities of boxes against an even spread over the working space, > 0."""
    share = (counts + PRIOR_ROWS) / (counts.sum(-1, keepdims=True) + PRIOR_ROWS * LEAVES)
    return np.asarray(share * LEAVES)
