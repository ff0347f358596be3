"""What was recorded of one sensor: the material of commissioning."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Recording:
    """Rows of one sensor in time order.

    Attributes:
        sensor: id of the sensor.
        times_seconds: event times, ascending, float64 unix seconds [n].
        values: float32 [n, C]; NaN where not observed.
        cuts_seconds: times at which recording began anew, ascending: the gap around each says nothing of the sensor.
    """

    sensor: str
    times_seconds: NDArray[np.float64]
    values: NDArray[np.float32]
    cuts_seconds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times_seconds)

    @property
    def after_cut(self) -> NDArray[np.bool_]:
        """Which rows are the first after a cut, bool [n]."""
        return after_cuts(self.times_seconds, self.cuts_seconds)


def after_cuts(times_seconds: NDArray[np.float64], cuts_seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows are the first after a cut; the first row of all is none, bool [n].

    Args:
        times_seconds: of the rows, ascending [n].
        cuts_seconds: ascending.
    """
    if not len(cuts_seconds) or not len(times_seconds):
        return np.zeros(len(times_seconds), np.bool_)
    passed = np.searchsorted(cuts_seconds, times_seconds, side="right")
    return np.asarray(np.diff(passed, prepend=passed[0]) > 0)
