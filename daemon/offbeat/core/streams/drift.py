"""Whether the value leans to one side for longer than it ever did: cumulative sums against the frozen baseline."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore

SLACK = np.float32(0.5)
"""In scales: a lean of less is nobody's business, and what has summed up goes down by so much a row."""

MOST_STEP = np.float32(6.0)
"""One row's share: a single outlier is not a drift."""

MOST_SUM = np.float32(200.0)
"""So that the sum is back at nothing some hundred rows after the drift has ended."""


class DriftStream:
    """drift: the largest of the one-sided cumulative sums (CUSUM) of z over channels and both sides.

    It sees what creeps: a lean too small for any single row, kept up for dozens of rows. Channels that were constant
    at commissioning have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("drift",)
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("drift",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        shape = (sensors, len(commission.channels))
        self._commission = commission
        self._above = np.zeros(shape, np.float32)
        self._below = np.zeros(shape, np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN where no channel was observed."""
        learnt, slot, mask = self._commission, rows.sensor, rows.mask
        if learnt.any_constant:
            mask = mask & ~rows.constant
        step = np.clip(rows.z, -MOST_STEP, MOST_STEP)
        above = _summed(self._above[slot], step, mask)
        below = _summed(self._below[slot], -step, mask)
        self._above[slot], self._below[slot] = above, below
        return largest(np.maximum(above, below), mask)[:, None]

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the sums of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the sums to either side, [S, C]."""
        return {"above": self._above, "below": self._below}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def _summed(total: Floats, step: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return the sum with what a row adds where it was seen."""
    return np.where(seen, np.clip(total + step - SLACK, np.float32(0.0), MOST_SUM), total)
