"""From many surprises to one: what the streams of a track say together, and which of them have a vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore
from offbeat.core.streams.registry import STREAM_TRACKS, TRACKS, VOTES

HOLD_GAPS = 4.0
"""A peak fades by half in so many usual gaps."""

LONG_SHARE = np.float32(0.5)
LONG_CAP = np.float32(4.0)


@dataclass(frozen=True, slots=True)
class Fused:
    """One round's fused surprise.

    Attributes:
        surprise: g of each track, float32 [n, Q]; NaN where no stream of the track had an opinion. Opens
            episodes.
        severity: F of each track, float32 [n, Q]: g held for some time plus a long mean. Becomes the score.
    """

    surprise: Floats
    severity: Floats


class Fusion:
    """Fuses calibrated surprises by track and carries the peak hold and the long mean of each sensor.

    Args:
        sensors: slots to make room for.
        voting: streams that are heard, bool [K]; None = all.
    """

    def __init__(self, sensors: int, voting: NDArray[np.bool_] | None = None) -> None:
        heard = np.ones(len(STREAM_TRACKS), np.bool_) if voting is None else voting
        self._columns = [
            np.flatnonzero(heard & np.array([track == name for name in STREAM_TRACKS])) for track in TRACKS
        ]
        self._votes = [VOTES[columns] for columns in self._columns]
        self._peak = np.zeros((sensors, len(TRACKS)), np.float32)
        self._mean = np.zeros((sensors, len(TRACKS)), np.float32)
        self._weight = np.zeros((sensors, len(TRACKS)), np.float32)

    def update(
        self, sensor: NDArray[np.intp], gap_seconds: NDArray[np.float64], gap: Floats, surprise: Floats
    ) -> Fused:
        """Fuse a round in which each sensor stands at most once.

        Args:
            sensor: slots [n].
            gap_seconds: time since the sensor's row before [n]; NaN for a first row.
            gap: the same in units of the sensor's usual gap [n].
            surprise: of every stream in the order of `registry.STREAM_NAMES`, [n, K]; NaN = no opinion.
        """
        tracks = zip(self._columns, self._votes, strict=True)
        g = np.stack([together(surprise[:, columns], votes) for columns, votes in tracks], axis=1)
        known = ~np.isnan(g)
        peak = np.fmax(self._peak[sensor] * horizon.peak(gap, HOLD_GAPS)[:, None], g)
        keep = horizon.decay(gap_seconds, gap)[:, None]
        mean, weight = horizon.fade(
            self._mean[sensor], self._weight[sensor], np.minimum(g, LONG_CAP), keep, known
        )
        self._peak[sensor], self._mean[sensor], self._weight[sensor] = peak, mean, weight
        return Fused(g, np.where(known, peak + LONG_SHARE * mean, np.float32(np.nan)))

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return peaks, long means and their weights, [S, Q]."""
        return {"peak": self._peak, "mean": self._mean, "weight": self._weight}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def together(surprise: Floats, votes: Floats) -> Floats:
    """Return the fused surprise of the streams of one track, float32 [n]; NaN where none has an opinion.

    A power mean of exponent 1.5 of surprises >= 0: a fault that two or three streams see at full size is not averaged
    away by a dozen that are blind to its kind, and one stream alone is not believed either.

    Args:
        surprise: of the streams [n, k]; NaN = no opinion.
        votes: how often each of them counts in the mean [k].
    """
    if surprise.shape[1] == 1:
        return surprise[:, 0]
    total = np.zeros(len(surprise), np.float32)
    count = np.zeros(len(surprise), np.float32)
    # Column by column, because the order of a NumPy sum, and so its last bit, depends on the number of rows.
    for column, vote in zip(surprise.T, votes, strict=True):
        known = ~np.isnan(column)
        said = np.where(known, column, np.float32(0.0))
        total += vote * said * np.sqrt(said)
        count += vote * known
    mean = np.square(np.cbrt(total / np.maximum(count, np.float32(1.0))))
    return np.where(count > 0, mean, np.float32(np.nan))
