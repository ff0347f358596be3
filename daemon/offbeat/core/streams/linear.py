"""How far from what the last values led to expect: this row, and on the signed mean over a horizon."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon, ridge
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore


class LinearStream:
    """linear: the largest |residual| of the ridge autoregression. linear_mean: the largest |mean residual|.

    Residuals are in units of their deviation at commissioning, widened over long gaps. NaN until a channel
    has been observed eight times; channels that were constant at commissioning have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("linear", "linear_mean")
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("shape", "shape")

    def __init__(self, commission: Commission, sensors: int) -> None:
        channels = len(commission.channels)
        self._commission = commission
        self._lags = np.zeros((sensors, channels, ridge.LAGS), np.float32)
        self._age = np.zeros((sensors, channels), np.float32)
        self._seen = np.zeros((sensors, channels), np.uint8)
        self._mean = np.zeros((sensors, channels), np.float32)
        self._weight = np.zeros((sensors, channels), np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN where no observed channel has its lags yet."""
        learnt, slot = self._commission, rows.sensor
        lags, seen = self._lags[slot], self._seen[slot]
        gap = np.where(np.isnan(rows.gap), np.float32(0.0), rows.gap)
        age = self._age[slot] + gap[:, None]
        known = rows.mask & (seen >= ridge.LAGS)
        if learnt.any_constant:
            known &= ~learnt.constant[rows.row]
        value = ridge.clip(rows.z)
        expected = learnt.ridge.expected(rows.row, lags, ridge.log_gap(age))
        residual = (value - expected) / (learnt.ridge.scale[rows.row] * ridge.spread(age))
        keep = horizon.decay(rows.gap_seconds)[:, None]
        mean, weight = horizon.fade(self._mean[slot], self._weight[slot], residual, keep, known)
        self._mean[slot], self._weight[slot] = mean, weight
        self._remember(slot, lags, value, rows.mask)
        self._age[slot] = np.where(rows.mask, np.float32(0.0), age)
        self._seen[slot] = np.minimum(seen + rows.mask, ridge.LAGS)
        lasting = known & horizon.settled(weight, keep)
        return np.stack([largest(np.abs(residual), known), largest(np.abs(mean), lasting)], axis=1)

    def _remember(self, slot: NDArray[np.intp], lags: Floats, value: Floats, mask: NDArray[np.bool_]) -> None:
        """Shift the observed channels' lags by one."""
        shifted = np.empty_like(lags)
        shifted[:, :, 1:] = lags[:, :, :-1]
        shifted[:, :, 0] = value
        self._lags[slot] = shifted if mask.all() else np.where(mask[:, :, None], shifted, lags)

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the last values and means of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return lags [S, C, 8], ages, counts, means and weights [S, C]."""
        return {
            "lags": self._lags,
            "age": self._age,
            "seen": self._seen,
            "mean": self._mean,
            "weight": self._weight,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
