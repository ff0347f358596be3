"""How far the value moved since the last one, relative to how far it moves in such a gap."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.ridge import spread
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore


class JumpStream:
    """jump: the largest step over channels, in units of the channel's usual step widened by the gap.

    The short voice among the streams: spikes, steps and drop-outs are seen at full size by the first row,
    whatever the level was. NaN until a channel has been observed twice; channels constant at commissioning
    have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("jump",)
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("spike",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        shape = (sensors, len(commission.channels))
        self._commission = commission
        self._last = np.zeros(shape, np.float32)
        self._age = np.zeros(shape, np.float32)
        self._seen = np.zeros(shape, np.bool_)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN where no observed channel was observed before."""
        learnt, slot = self._commission, rows.sensor
        gap = np.where(np.isnan(rows.gap), np.float32(0.0), rows.gap)
        age, last, seen = self._age[slot] + gap[:, None], self._last[slot], self._seen[slot]
        known = rows.mask & seen
        if learnt.any_constant:
            known &= ~rows.constant
        step = np.abs(rows.z - last) / (learnt.step[rows.row] * spread(age))
        self._last[slot] = np.where(rows.mask, rows.z, last)
        self._age[slot] = np.where(rows.mask, np.float32(0.0), age)
        self._seen[slot] = rows.mask | seen
        return largest(step, known)[:, None]

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the last values of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return last z-scores, the time since in median gaps, and whether there was one, [S, C]."""
        return {"last": self._last, "age": self._age, "seen": self._seen}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
