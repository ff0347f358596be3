"""From many surprises to one: what the streams of a track say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats


@dataclass(frozen=True, slots=True)
class Fused:
    """One round's fused surprise.

    Attributes:
        surprise: g of each track, float32 [n, Q]; NaN where no stream of the track had an opinion. Opens episodes.
        severity: F of each track, float32 [n, Q]: g held for some rows plus a long mean. Becomes the score.
    """

    surprise: Floats
    severity: Floats


class Fusion:
    """Fuses calibrated surprises by track and carries the peak hold and the long mean of each sensor.

    Args:
        sensors: slots to make room for.
    """

    def __init__(self, sensors: int) -> None:
        self.sensors = sensors

    def update(self, sensor: NDArray[np.intp], gap_seconds: NDArray[np.float64], surprise: Floats) -> Fused:
        """Fuse a round in which each sensor stands at most once.

        Args:
            sensor: slots [n].
            gap_seconds: time since the sensor's row before [n]; NaN for a first row.
            surprise: of every stream in the order of `registry.STREAM_NAMES`, [n, K]; NaN = no opinion.
        """
        raise NotImplementedError

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        raise NotImplementedError

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, Q], for snapshots."""
        raise NotImplementedError

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        raise NotImplementedError
