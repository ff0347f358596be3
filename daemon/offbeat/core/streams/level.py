"""How far from the sensor's usual level: this row, and on the mean over a horizon."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round

MOVED = np.float32(3.0)
"""What a channel counts that never moved at commissioning and now reads something else."""


class LevelStream:
    """level: the largest |z| over channels. level_mean: the largest |mean z| over 4 hours, 4 to 64 rows.

    The z-scores are not squashed: on recorded sets the plain size of a drift ranks better than a tamed one.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("level", "level_mean")
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("level", "level")

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._commission = commission
        self._mean = np.zeros((sensors, len(commission.channels)), np.float32)
        self._weight = np.zeros_like(self._mean)

    def update(self, rows: Round) -> Floats:
        """Take a round in; level is NaN only where no channel was observed, level_mean until it has settled."""
        learnt = self._commission
        z = rows.z
        if learnt.any_constant:
            moved = MOVED * (rows.raw != learnt.center[rows.row])
            z = np.where(learnt.constant[rows.row], moved, z)
        keep = horizon.decay(rows.gap_seconds)[:, None]
        mean, weight = horizon.fade(self._mean[rows.sensor], self._weight[rows.sensor], z, keep, rows.mask)
        self._mean[rows.sensor] = mean
        self._weight[rows.sensor] = weight
        lasting = rows.mask & horizon.settled(weight, keep)
        return np.stack([largest(np.abs(z), rows.mask), largest(np.abs(mean), lasting)], axis=1)

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the means of these sensors."""
        self._mean[sensor] = 0
        self._weight[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the means and their weights, [S, C]."""
        return {"mean": self._mean, "weight": self._weight}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def largest(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Return the largest value over channels where the mask holds, float32 [n]; NaN where nowhere."""
    return np.asarray(np.fmax.reduce(np.where(mask, values, np.float32(np.nan)), axis=1), np.float32)


def restore(state: dict[str, NDArray[Any]], saved: Arrays) -> None:
    """Write saved arrays over the first slots of the state of the same names."""
    for name, array in state.items():
        array[: len(saved[name])] = saved[name]
