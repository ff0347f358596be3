"""What the long view says, as a stream: how well the last hours or days fit the sensor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore


class LongStream:
    """Holds the answer about each sensor's last closed bins and says it on the rows that follow.

    Without a long view it has no opinion, ever.

    Args:
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("horizon",)
    track: ClassVar[str] = "process"
    kinds: ClassVar[tuple[str, ...]] = ("shape",)

    def __init__(self, sensors: int) -> None:
        self._score = np.zeros(sensors, np.float32)
        self._until = np.zeros(sensors, np.float64)

    def said(self, sensor: NDArray[np.intp], time_seconds: NDArray[np.float64]) -> Floats:
        """Return the raw strangeness on rows of these sensors, float32 [n]; NaN where the answer is too old."""
        fresh = time_seconds < self._until[sensor]
        return np.where(fresh, self._score[sensor], np.float32(np.nan))

    def hold(self, sensor: NDArray[np.intp], nll: Floats, until_seconds: NDArray[np.float64]) -> None:
        """Take an answer in.

        Args:
            sensor: slots [n], none twice.
            nll: what the model said [n]; NaN = nothing.
            until_seconds: event time up to which it means something [n].
        """
        self._score[sensor] = nll
        self._until[sensor] = np.where(np.isfinite(nll), until_seconds, 0.0)

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the answers and until when they hold, [S] each."""
        return {"score": self._score, "until": self._until}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
