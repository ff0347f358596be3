"""How far the pace of the newest rows is from the usual, without a model."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import restore

GAPS = 8
"""Newest gaps whose mean is looked at: one that is lost or late says nothing of the rhythm."""

MOST_LOG = np.float32(np.log(16.0))
"""One pause counts as no more than sixteen usual gaps, or a sixteenth: alone it is no other rhythm, however long."""

OFF_PACE = np.float32(np.log(1.5))
"""Gaps are out of rhythm only if they are half as long again as usual, or as short, on the mean of their logs."""


class PaceStream:
    """pace: distance of the mean log of the newest 8 gaps from the sensor's usual one.

    NaN before 8 gaps, and for a row in which nothing was observed. Instants that repeat are no gaps.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("pace",)
    track: ClassVar[str] = "rhythm"
    kinds: ClassVar[tuple[str, ...]] = ("rhythm",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._commission = commission
        self._logs = np.zeros((sensors, GAPS), np.float32)
        self._count = np.zeros(sensors, np.uint8)
        """Gaps seen; from 8 on it goes round between 8 and 15, so that it also tells where the oldest stands."""

    def update(self, rows: Round) -> Floats:
        """Take a round in."""
        timed = rows.gap > 0
        slot = rows.sensor[timed]
        count = self._count[slot]
        self._logs[slot, count % GAPS] = log_of(rows.gap[timed])
        self._count[slot] = np.where(count == 2 * GAPS - 1, GAPS, count + 1)
        mean = _mean(self._logs[rows.sensor])
        away = np.abs(mean - self._commission.pace[rows.row])
        known = (self._count[rows.sensor] >= GAPS) & rows.mask.any(axis=1)
        return np.where(known, away, np.float32(np.nan))[:, None]

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the gaps of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the newest log gaps in median gaps [S, 8] and how many there were [S]."""
        return {"logs": self._logs, "count": self._count}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def log_of(gap: Floats) -> Floats:
    """Return the logs of gaps > 0 in usual ones, bounded."""
    return np.asarray(np.clip(np.log(gap), -MOST_LOG, MOST_LOG), np.float32)


def _mean(logs: Floats) -> Floats:
    """Return the mean of each row of gaps, the same to the last bit however many rows there are."""
    total = np.zeros(len(logs), np.float32)
    for column in logs.T:
        total += column
    return total / np.float32(GAPS)
