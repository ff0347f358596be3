"""Channels that never varied and now do."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import restore


class NoveltyStream:
    """novelty: how many more channels than lately are off the one value they had at commissioning.

    A first reading of something new is remembered for a day (200 to 3000 rows), fading, for what it announces is
    rarely over with it; what has become usual within the day is new no longer. NaN where no observed channel of the
    sensor was constant.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("novelty",)
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("novelty",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._commission = commission
        self._usual = np.zeros(sensors, np.float32)
        self._weight = np.zeros(sensors, np.float32)
        self._peak = np.zeros(sensors, np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in."""
        learnt, slot = self._commission, rows.sensor
        if not learnt.any_constant:
            return np.full((len(slot), 1), np.nan, np.float32)
        judged = rows.mask & rows.still
        known = np.asarray(judged.any(axis=1), np.bool_)
        moved = (judged & (rows.raw != rows.center)).sum(axis=1).astype(np.float32)
        keep = horizon.day(rows.gap_seconds)
        usual = self._usual[slot]
        peak = np.fmax(self._peak[slot] * keep, np.where(known, moved - usual, np.float32(0.0)))
        self._peak[slot] = peak
        self._usual[slot], self._weight[slot] = horizon.fade(usual, self._weight[slot], moved, keep, known)
        return np.where(known, peak, np.float32(np.nan))[:, None]

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what was new and what is usual of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the usual number of moved channels with its weight, and the fading peak, [S] each."""
        return {"usual": self._usual, "weight": self._weight, "peak": self._peak}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
