"""What enters the core: readings as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Readings of one group, as columns of equal length, in order of arrival.

    Everything that needs "now" was decided before: `arrival_seconds` is stamped once, when the message entered
    the log, and stays with the reading in every replay.

    Attributes:
        group: index of the group in the `SensorDirectory`.
        sensor: slot of the sensor inside its group, int32 [N].
        channel: index of the channel inside its group, int16 [N].
        time_seconds: event time, float64 unix seconds [N].
        value: finite measured value, float32 [N].
        arrival_seconds: when the message entered the log, float64 unix seconds [N].
        offset: position in the log just behind the last message of this batch.
    """

    group: int
    sensor: NDArray[np.int32]
    channel: NDArray[np.int16]
    time_seconds: NDArray[np.float64]
    value: NDArray[np.float32]
    arrival_seconds: NDArray[np.float64]
    offset: int

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.sensor)

    @property
    def nbytes(self) -> int:
        """Memory of the columns in bytes."""
        return (
            self.sensor.nbytes
            + self.channel.nbytes
            + self.time_seconds.nbytes
            + self.value.nbytes
            + self.arrival_seconds.nbytes
        )
