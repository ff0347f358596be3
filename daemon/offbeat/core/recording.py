"""What was recorded of one sensor: the material of commissioning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Recording:
    """Rows of one sensor in time order.

    Attributes:
        sensor: id of the sensor.
        times_seconds: event times, ascending, float64 unix seconds [n].
        values: float32 [n, C]; NaN where not observed.
    """

    sensor: str
    times_seconds: NDArray[np.float64]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times_seconds)
