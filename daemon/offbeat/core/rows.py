"""What the windows hand on to the streams: new rows of sensors, and how to walk them in time order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rows:
    """New rows of one group's sensors, sorted by (sensor, time). A row joins the channels seen at one instant.

    Only rows that move a sensor's time forward (or add a channel at its newest instant) are here; a row that was
    inserted into the past is in its window but is not scored.

    Attributes:
        group: index of the group.
        sensor: slot, int32 [N].
        time_seconds: event time, float64 [N].
        gap_seconds: time since the sensor's previous row, float64 [N]; NaN for the first row of a sensor.
        values: float32 [N, C]; 0 where not observed.
        mask: bool [N, C]; True where observed.
        rank: int32 [N]; 0 for the first row of its sensor in this batch, 1 for the next, and so on.
        offset: position in the log behind the batch these rows came from.
    """

    group: int
    sensor: NDArray[np.int32]
    time_seconds: NDArray[np.float64]
    gap_seconds: NDArray[np.float64]
    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    rank: NDArray[np.int32]
    offset: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.sensor)

    def rounds(self) -> Iterator[NDArray[np.intp]]:
        """Yield row indices such that a sensor stands in each round at most once, in its time order."""
        if not len(self):
            return
        order = np.argsort(self.rank, kind="stable")
        ends = np.cumsum(np.bincount(self.rank))
        start = 0
        for end in ends:
            yield order[start:end]
            start = int(end)
