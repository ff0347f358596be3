"""From many surprises to one: what the streams of a track say together, and which of them have a vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Floats
from offbeat.core.streams.registry import MOVEMENT, STREAM_NAMES, STREAM_TRACKS, TRACKS

MOVEMENT_VOTES = 5
"""Three that ask how a sensor moves are not to be outvoted by eleven; chosen on injected faults (decision 3)."""

Columns = NDArray[np.intp]

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
        self._columns = [(np.flatnonzero(one), np.flatnonzero(one & _MOVES)) for one in of_track]

    def of(self, surprise: Floats) -> Fused:
        """Fuse rows.

        Args:
            surprise: of every stream in the order of `registry.STREAM_NAMES`, [n, K]; NaN = no opinion.
        """
        g, f = zip(*(_of_track(surprise, columns, moves) for columns, moves in self._columns), strict=True)
        return Fused(np.stack(g, axis=1), np.stack(f, axis=1))


def _of_track(surprise: Floats, columns: Columns, moves: Columns) -> tuple[Floats, Floats]:
    """Return g and F of a track, made of these columns of the surprise; of which some ask how a sensor moves."""
    if not len(moves):
        f = together(surprise[:, columns])
        return f, f
    total, count = _sums(surprise[:, columns])
    more, again = (np.float32(MOVEMENT_VOTES - 1) * of_moves for of_moves in _sums(surprise[:, moves]))
    f = _mean(total, count)
    return np.fmax(f, _mean(total + more, count + again)), f


def together(surprise: Floats) -> Floats:
    """Return what streams say together, float32 [n]; NaN where none has an opinion.

    A power mean of exponent 1.5 of surprises >= 0: a fault that two or three streams see at full size is not averaged
    away by a dozen that are blind to its kind, and one stream alone is not believed either.

    Args:
        surprise: of the streams [n, k]; NaN = no opinion.
    """
    if surprise.shape[1] == 1:
        return surprise[:, 0]
    return _mean(*_sums(surprise))


def _sums(surprise: Floats) -> tuple[Floats, Floats]:
    """Return the sum of what is said, each to the power of 1.5, and how many streams say something, float32 [n]."""
    total = np.zeros(len(surprise), np.float32)
    count = np.zeros(len(surprise), np.float32)
    # Column by column, because the order of a NumPy sum, and so its last bit, depends on the number of rows.
    for column in surprise.T:
        known = ~np.isnan(column)
        said = np.where(known, column, np.float32(0.0))
        total += said * np.sqrt(said)
        count += known
    return total, count


def _mean(total: Floats, count: Floats) -> Floats:
    mean = np.square(np.cbrt(total / np.maximum(count, np.float32(1.0))))
    return np.where(count > 0, mean, np.float32(np.nan))
