"""An isolation forest behind the interface of baselines: to compare with, not to ship, for it needs scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from sklearn.ensemble import IsolationForest

from offbeat_models.baselines.base import Baseline, RowJudgement
from offbeat_models.baselines.features import row_features
from offbeat_models.baselines.history import History, recorded_history
from offbeat_models.series import SensorSeries

TREES = 100
ROWS_PER_SENSOR = 4000


class Forests(Baseline):
    """One forest a sensor on the features of `half_space_trees`, and one of all sensors for those unknown.

    The forests are no arrays: this baseline is fitted and asked in one process and cannot be stored.
    """

    family: ClassVar[str] = "isolation_forest"

    def judge(self, history: History) -> RowJudgement:
        """Judge the last row of each history by how soon random cuts set it apart; the same for every channel."""
        features = row_features(history)
        mean, sigma = self.tensors["center"][history.row], self.tensors["scale"][history.row]
        strangeness = np.zeros(len(history), np.float32)
        for row in np.unique(history.row):
            here = history.row == row
            forest = self._forests.get(int(row), self._forests[0])
            strangeness[here] = -forest.score_samples(features[here])
        return RowJudgement(np.broadcast_to(strangeness[:, None], mean.shape).copy(), mean, sigma)

    def _fit_more(self, series: Sequence[SensorSeries], rng: np.random.Generator) -> None:
        features = [row_features(recorded_history(one, _ends(one, rng))) for one in series]
        seed = int(rng.integers(2**31))
        own = {one.row: _grown(each, seed) for one, each in zip(series, features, strict=True)}
        self._forests: dict[int, IsolationForest] = {0: _grown(np.concatenate(features), seed)} | own


def _ends(one: SensorSeries, rng: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    """Return the rows to learn from: all, or as many as suffice."""
    if len(one) <= ROWS_PER_SENSOR:
        return np.arange(len(one))
    return np.sort(rng.choice(len(one), ROWS_PER_SENSOR, replace=False))


def _grown(features: np.ndarray, seed: int) -> IsolationForest:  # type: ignore[type-arg]
    return IsolationForest(n_estimators=TREES, random_state=seed, n_jobs=1).fit(features)
