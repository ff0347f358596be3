"""How far from where the value has been lately: a baseline that follows, beside the frozen one."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore

FEWEST_ROWS = np.float32(15.5)
"""Weight of a baseline before anything is judged by it: that of some sixteen rows."""


class AdaptiveStream:
    """adaptive: the largest distance over channels from the mean of the last day, in scales.

    The mean halves in a day, bounded to 200 and 3000 rows, and is as it was before the row. A sensor that has drifted
    away from its commissioning for good is strange to the frozen level for ever; to this one it is ordinary again some
    days later, and a step within its new range is seen. Channels that were constant at commissioning have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("adaptive",)
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("level",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        shape = (sensors, len(commission.channels))
        self._commission = commission
        self._mean = np.zeros(shape, np.float32)
        self._weight = np.zeros(shape, np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN until there is a baseline."""
        learnt, slot, mask = self._commission, rows.sensor, rows.mask
        if learnt.any_constant:
            mask = mask & ~rows.constant
        mean, weight = self._mean[slot], self._weight[slot]
        away = np.abs(rows.z - mean)
        judged = mask & (weight > FEWEST_ROWS)
        keep = horizon.day(rows.gap_seconds)[:, None]
        self._mean[slot], self._weight[slot] = horizon.fade(mean, weight, rows.z, keep, mask)
        return largest(away, judged)[:, None]

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the baselines of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the means and their weights, [S, C]."""
        return {"mean": self._mean, "weight": self._weight}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
