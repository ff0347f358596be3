"""Whether the course of the last ticks is a usual one, and whether the channels still go together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.shape import seen
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore
from offbeat.core.time_grid import Glance, TimeGrid

FEWEST_TOGETHER = 2
"""Channels that must be there before one can be out of step with the others."""


class ShapeStream:
    """shape: distance of the last ticks of all channels from what is usual, by principal components on a time grid.

    relation: the largest mean square over the horizon of what the other channels do not explain of one, as a root.
        The horizon is that of the channel's own observations.

    Both are NaN until the grid is full, and leave out channels that have been missing for longer than usual; relation
    also where there is one channel. Channels that were constant at commissioning have no say.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("shape", "relation")
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("shape", "relation")

    def __init__(self, commission: Commission, sensors: int) -> None:
        channels = len(commission.channels)
        self._commission = commission
        self._grid = TimeGrid(sensors, channels)
        self._related = channels >= FEWEST_TOGETHER
        self._apart = np.zeros((sensors, channels if self._related else 0), np.float32)
        self._weight = np.zeros_like(self._apart)
        self._filled = np.zeros_like(self._apart)
        self._since_seconds = np.zeros_like(self._apart)
        self._since = np.zeros_like(self._apart)

    def update(self, rows: Round) -> Floats:
        """Take a round in."""
        learnt = self._commission
        value = seen(rows.z, rows.constant)
        ticks = rows.gap / learnt.shape.tick[rows.row]
        glance = self._grid.update(rows.sensor, ticks, value, rows.mask)
        missing = glance.age > learnt.shape.patience[rows.row]
        said = np.full((len(rows.sensor), 2), np.nan, np.float32)
        judged = np.flatnonzero(glance.full & rows.mask.any(axis=1))
        if len(judged) == len(said):
            said[:, 0] = learnt.shape.pca.distance(rows.row, glance.cells, missing)
        elif len(judged):
            said[judged, 0] = learnt.shape.pca.distance(
                rows.row[judged], glance.cells[judged], missing[judged]
            )
        if self._related:
            said[:, 1] = self._relation(rows, glance, missing)
        return said

    def _relation(self, rows: Round, glance: Glance, missing: NDArray[np.bool_]) -> Floats:
        """Return the largest mean over channels of what the others leave unexplained."""
        slot, channels = rows.sensor, missing.shape[1]
        newest = glance.cells[:, :channels]
        residual = self._commission.shape.relation.residual(rows.row, newest, missing)
        together = (~missing).sum(axis=1) >= FEWEST_TOGETHER
        known = rows.mask & ~missing & (together & glance.full)[:, None]
        since_seconds = (
            self._since_seconds[slot] + np.nan_to_num(rows.gap_seconds).astype(np.float32)[:, None]
        )
        since = self._since[slot] + np.nan_to_num(rows.gap)[:, None]
        self._since_seconds[slot] = np.where(known, np.float32(0.0), since_seconds)
        self._since[slot] = np.where(known, np.float32(0.0), since)
        keep = np.where(known, horizon.decay(since_seconds, since), np.float32(1.0))
        filled = horizon.fill(self._filled[slot], keep, self._weight[slot])
        mean, weight = horizon.fade(self._apart[slot], self._weight[slot], np.square(residual), keep, known)
        self._apart[slot], self._weight[slot], self._filled[slot] = mean, weight, filled
        return largest(np.sqrt(mean), known & horizon.settled(filled))

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the last ticks of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the grid's arrays, and the means' with their ages [S, C] where there are several channels."""
        own = {"apart": self._apart, "weight": self._weight, "apart_filled": self._filled}
        ages = {"since": self._since, "since_seconds": self._since_seconds}
        return self._grid.arrays() | own | ages

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
