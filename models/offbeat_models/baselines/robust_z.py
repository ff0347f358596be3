"""robust_z: how far a value is from the sensor's median, in robust deviations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from offbeat_models.baselines.base import Baseline, RowJudgement, gaussian
from offbeat_models.baselines.history import History
from offbeat_models.series import SensorSeries


class RobustZ(Baseline):
    """Knows each channel's median and spread and nothing of time."""

    family: ClassVar[str] = "robust_z"

    def judge(self, history: History) -> RowJudgement:
        """Judge the last row of each history by its distance from the median."""
        row = history.row
        return gaussian(history.x[:, -1], self.tensors["center"][row], self.tensors["scale"][row])

    def _fit_more(self, series: Sequence[SensorSeries], rng: np.random.Generator) -> None:
        """Medians and scales are all it knows."""
