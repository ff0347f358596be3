"""How far from the sensor's usual level: this row, on the mean over a horizon, and over all channels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat_models.windows import squash

MOVED = np.float32(3.0)
"""What a channel counts that never moved at commissioning and now reads something else."""

_WIDE_KEEP = horizon.of_rows(16.0)


class LevelStream:
    """level: the largest |z| over channels. level_mean: the largest |mean z| over 4 hours.

    The z-scores of these two are not squashed: on recorded sets the plain size of a drift ranks better than a tamed
    one. level_wide: the mean over channels of |mean squashed z| over 16 rows, what many channels say together.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("level", "level_mean", "level_wide")
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("level", "level", "level")

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._commission = commission
        self._mean = np.zeros((sensors, len(commission.channels)), np.float32)
        self._weight = np.zeros_like(self._mean)
        self._filled = np.zeros_like(self._mean)
        self._tame = np.zeros_like(self._mean)
        self._tame_weight = np.zeros_like(self._mean)
        self._tame_filled = np.zeros_like(self._mean)

    def update(self, rows: Round) -> Floats:
        """Take a round in; level is NaN only where no channel was observed, the means until they have settled."""
        learnt = self._commission
        z = rows.z
        if learnt.any_constant:
            moved = MOVED * (rows.raw != rows.center)
            z = np.where(rows.still, moved, z)
        slot, keep = rows.sensor, horizon.decay(rows.gap_seconds, rows.gap)[:, None]
        filled = horizon.fill(self._filled[slot], keep, self._weight[slot])
        mean, weight = horizon.fade(self._mean[slot], self._weight[slot], z, keep, rows.mask)
        self._mean[slot], self._weight[slot], self._filled[slot] = mean, weight, filled
        lasting = rows.mask & horizon.settled(filled)
        said = [largest(np.abs(z), rows.mask), largest(np.abs(mean), lasting), self._wide(rows)]
        return np.stack(said, axis=1)

    def _wide(self, rows: Round) -> Floats:
        """Return the mean over channels of how far squashed values are off on the mean, float32 [n]."""
        learnt, slot, mask = self._commission, rows.sensor, rows.mask
        if learnt.any_constant:
            mask = mask & ~rows.constant
        filled = horizon.fill(self._tame_filled[slot], _WIDE_KEEP, self._tame_weight[slot])
        tame, weight = horizon.fade(
            self._tame[slot], self._tame_weight[slot], squash(rows.z), _WIDE_KEEP, mask
        )
        self._tame[slot], self._tame_weight[slot], self._tame_filled[slot] = tame, weight, filled
        return mean_over(np.abs(tame), mask & horizon.settled(filled))

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the means of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the means, their weights, and how full their memories are, [S, C]."""
        return {
            "mean": self._mean,
            "weight": self._weight,
            "filled": self._filled,
            "tame": self._tame,
            "tame_weight": self._tame_weight,
            "tame_filled": self._tame_filled,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def largest(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Return the largest value over channels where the mask holds, float32 [n]; NaN where nowhere."""
    return np.asarray(np.fmax.reduce(np.where(mask, values, np.float32(np.nan)), axis=1), np.float32)


def mean_over(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Return the mean over channels where the mask holds, float32 [n]; NaN where nowhere."""
    count = mask.sum(axis=1)
    # Unlike a NumPy sum, the same to the last bit for any number of rows.
    total = np.einsum("nc->n", np.ascontiguousarray(np.where(mask, values, np.float32(0.0))))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def mean_of_largest(values: Floats, mask: NDArray[np.bool_], most: int = 3) -> Floats:
    """Return the mean of the largest few values (>= 0) over channels where the mask holds, float32 [n]."""
    if values.shape[1] <= most:
        return mean_over(values, mask)
    there = np.where(mask, values, np.float32(-1.0))
    few = np.partition(there, -most, axis=1)[:, -most:]
    return mean_over(np.sort(few, axis=1), np.sort(few, axis=1) >= 0)


def restore(state: dict[str, NDArray[Any]], saved: Arrays) -> None:
    """Write saved arrays over the first slots of the state of the same names."""
    for name, array in state.items():
        array[: len(saved[name])] = saved[name]
