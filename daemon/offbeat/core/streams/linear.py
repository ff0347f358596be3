"""How far from what the last values led to expect: this row, over a horizon, and how widely that varies."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon, ridge
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, mean_of_largest, restore

MOST_UNREST = np.float32(6.0)
"""One row's share in the mean size of residuals."""


class LinearStream:
    """linear: the largest |residual| of the ridge autoregression. linear_mean: the largest |mean residual|.

    linear_wide: the mean of the three largest |residual|, where there are several channels. unrest: its mean over the
    horizon, of one channel too. variance: the largest change, either way, of the logarithm of a channel's mean square
    residual over 32 rows against what was usual at commissioning.

    Residuals are in units of their deviation at commissioning, widened over long gaps. NaN until a channel
    has been observed eight times; channels that were constant at commissioning have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("linear", "linear_mean", "linear_wide", "unrest", "variance")
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("shape", "shape", "shape", "variance", "variance")

    def __init__(self, commission: Commission, sensors: int) -> None:
        channels = len(commission.channels)
        self._commission = commission
        self._lags = np.zeros((sensors, channels, ridge.LAGS), np.float32)
        self._age = np.zeros((sensors, channels), np.float32)
        self._seen = np.zeros((sensors, channels), np.uint8)
        self._mean = np.zeros((sensors, channels), np.float32)
        self._weight = np.zeros((sensors, channels), np.float32)
        self._filled = np.zeros((sensors, channels), np.float32)
        self._power = np.zeros((sensors, channels), np.float32)
        self._power_weight = np.zeros((sensors, channels), np.float32)
        self._power_filled = np.zeros((sensors, channels), np.float32)
        self._size = np.zeros(sensors, np.float32)
        self._size_weight = np.zeros(sensors, np.float32)
        self._size_filled = np.zeros(sensors, np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN where no observed channel has its lags yet."""
        slot = rows.sensor
        residual, known = self._residual(rows)
        size = np.abs(residual)
        keep = horizon.decay(rows.gap_seconds, rows.gap)[:, None]
        filled = horizon.fill(self._filled[slot], keep, self._weight[slot])
        mean, weight = horizon.fade(self._mean[slot], self._weight[slot], residual, keep, known)
        self._mean[slot], self._weight[slot], self._filled[slot] = mean, weight, filled
        lasting = known & horizon.settled(filled)
        instant = largest(size, known)
        wide = mean_of_largest(size, known) if size.shape[1] > 1 else instant
        said = [
            instant,
            largest(np.abs(mean), lasting),
            wide if size.shape[1] > 1 else np.full_like(instant, np.nan),
            self._unrest(slot, wide, keep[:, 0]),
            self._variance(rows, residual, known),
        ]
        return np.stack(said, axis=1)

    def _residual(self, rows: Round) -> tuple[Floats, NDArray[np.bool_]]:
        """Return standardised residuals [n, C] and where they mean something; take the row into the lags."""
        learnt, slot = self._commission, rows.sensor
        lags, seen = self._lags[slot], self._seen[slot]
        gap = np.where(np.isnan(rows.gap), np.float32(0.0), rows.gap)
        age = self._age[slot] + gap[:, None]
        known = rows.mask & (seen >= ridge.LAGS)
        if learnt.any_constant:
            known &= ~rows.constant
        value = ridge.clip(rows.z)
        others = None
        if learnt.ridge.cross.shape[2]:
            others = learnt.shape.held(rows.row, lags[:, :, 0], self._age[slot])
        expected = learnt.ridge.expected(rows.row, lags, ridge.log_gap(age), others)
        residual = (value - expected) / (learnt.ridge.scale[rows.row] * ridge.spread(age))
        self._remember(slot, lags, value, rows.mask)
        self._age[slot] = np.where(rows.mask, np.float32(0.0), age)
        self._seen[slot] = np.minimum(seen + rows.mask, ridge.LAGS)
        return residual, known

    def _unrest(self, slot: NDArray[np.intp], wide: Floats, keep: Floats) -> Floats:
        """Return the mean over the horizon of how large residuals are, float32 [n]."""
        known = ~np.isnan(wide)
        now = np.fmin(wide, MOST_UNREST)
        filled = horizon.fill(self._size_filled[slot], keep, self._size_weight[slot])
        size, weight = horizon.fade(self._size[slot], self._size_weight[slot], now, keep, known)
        self._size[slot], self._size_weight[slot], self._size_filled[slot] = size, weight, filled
        return np.where(known & horizon.settled(filled), size, np.float32(np.nan))

    def _variance(self, rows: Round, residual: Floats, known: NDArray[np.bool_]) -> Floats:
        """Return by how much the mean square of a channel's residuals differs from the usual, float32 [n]."""
        slot, keep = rows.sensor, horizon.of_rows(ridge.POWER_ROWS)
        square = ridge.power(residual)
        filled = horizon.fill(self._power_filled[slot], keep, self._power_weight[slot])
        power, weight = horizon.fade(self._power[slot], self._power_weight[slot], square, keep, known)
        self._power[slot], self._power_weight[slot], self._power_filled[slot] = power, weight, filled
        change = np.abs(ridge.log_power(power) - self._commission.ridge.unrest[rows.row])
        return largest(change, known & horizon.settled(filled))

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
        """Return lags [S, C, 8]; ages, counts, means, mean squares, weights and memories [S, C]; mean sizes [S]."""
        return {
            "lags": self._lags,
            "age": self._age,
            "seen": self._seen,
            "mean": self._mean,
            "weight": self._weight,
            "filled": self._filled,
            "power": self._power,
            "power_weight": self._power_weight,
            "power_filled": self._power_filled,
            "size": self._size,
            "size_weight": self._size_weight,
            "size_filled": self._size_filled,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
