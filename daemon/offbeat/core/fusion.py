"""From many surprises to one: what the streams of a track say together, and which of them have a vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Floats
from offbeat.core.streams.registry import MOVEMENT, STREAM_NAMES, STREAM_TRACKS, TRACKS

MOVEMENT_VOTES = 5
"""Three that ask how a sensor moves are not to be outvoted by eleven; chosen on injected faults (decision 3)."""

_MOVES = np.array([name in MOVEMENT for name in STREAM_NAMES])


@dataclass(frozen=True, slots=True)
class Fused:
    """What the streams say of rows together.

    Attributes:
        surprise: g of each track, float32 [n, Q]; NaN where no stream of the track had an opinion. Opens episodes: F,
            or what is said where those that ask how a sensor moves have `MOVEMENT_VOTES`, whichever is louder.
        severity: F of each track, float32 [n, Q]: each stream counts once. Becomes the score.
    """

    surprise: Floats
    severity: Floats


class Fusion:
    """Fuses calibrated surprises by track. Nothing is carried from row to row: that is for the streams to do.

    Args:
        voting: streams that are heard, bool [K]; None = all.
    """

    def __init__(self, voting: NDArray[np.bool_] | None = None) -> None:
        heard = np.ones(len(STREAM_TRACKS), np.bool_) if voting is None else voting
        of_track = [np.array([track == name for name in STREAM_TRACKS]) & heard for track in TRACKS]
        again = MOVEMENT_VOTES - 1
        self._once = [np.flatnonzero(columns) for columns in of_track]
        self._more = [
            np.concatenate([once, *[np.flatnonzero(columns & _MOVES)] * again])
            for once, columns in zip(self._once, of_track, strict=True)
        ]

    def of(self, surprise: Floats) -> Fused:
        """Fuse rows.

        Args:
            surprise: of every stream in the order of `registry.STREAM_NAMES`, [n, K]; NaN = no opinion.
        """
        severity = [together(surprise[:, columns]) for columns in self._once]
        louder = [
            np.fmax(f, together(surprise[:, more])) if len(more) > len(once) else f
            for f, once, more in zip(severity, self._once, self._more, strict=True)
        ]
        return Fused(np.stack(louder, axis=1), np.stack(severity, axis=1))


def together(surprise: Floats) -> Floats:
    """Return what streams say together, float32 [n]; NaN where none has an opinion.

    A power mean of exponent 1.5 of surprises >= 0: a fault that two or three streams see at full size is not averaged
    away by a dozen that are blind to its kind, and one stream alone is not believed either.

    Args:
        surprise: of the streams [n, k]; NaN = no opinion.
    """
    if surprise.shape[1] == 1:
        return surprise[:, 0]
    total = np.zeros(len(surprise), np.float32)
    count = np.zeros(len(surprise), np.float32)
    # Column by column, because the order of a NumPy sum, and so its last bit, depends on the number of rows.
    for column in surprise.T:
        known = ~np.isnan(column)
        said = np.where(known, column, np.float32(0.0))
        total += said * np.sqrt(said)
        count += known
    mean = np.square(np.cbrt(total / np.maximum(count, np.float32(1.0))))
    return np.where(count > 0, mean, np.float32(np.nan))
