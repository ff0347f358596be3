"""From many surprises to one: what the streams of a track say together, and how often each of them counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offbeat.core.streams.base import Floats
from offbeat.core.streams.registry import STREAM_TRACKS, TRACKS


@dataclass(frozen=True, slots=True)
class Fused:
    """What the streams say of rows together.

    Attributes:
        surprise: g of each track, float32 [n, Q]; NaN where no stream of the track had an opinion. Opens episodes:
            whether something goes on around a row, by the streams' votes.
        severity: F of each track, float32 [n, Q]. Becomes the score: how strange this very row is, one vote each.
    """

    surprise: Floats
    severity: Floats


class Fusion:
    """Fuses calibrated surprises by track. Nothing is carried from row to row: that is for the streams to do.

    Args:
        votes: how often each stream counts in g, float32 [K]; 0 = it is not heard at all; None = once each.
    """

    def __init__(self, votes: Floats | None = None) -> None:
        counts = np.ones(len(STREAM_TRACKS), np.float32) if votes is None else votes
        columns = [np.array([track == name for name in STREAM_TRACKS]) & (counts > 0) for track in TRACKS]
        self._columns = [np.flatnonzero(heard) for heard in columns]
        self._votes = [counts[heard] for heard in columns]

    def of(self, surprise: Floats) -> Fused:
        """Fuse rows.

        Args:
            surprise: of every stream in the order of `registry.STREAM_NAMES`, [n, K]; NaN = no opinion.
        """
        said = [surprise[:, columns] for columns in self._columns]
        g = [together(one, votes) for one, votes in zip(said, self._votes, strict=True)]
        even = [np.ones_like(votes) for votes in self._votes]
        f = [
            mine if np.array_equal(votes, once) else together(one, once)
            for one, mine, votes, once in zip(said, g, self._votes, even, strict=True)
        ]
        return Fused(np.stack(g, axis=1), np.stack(f, axis=1))


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
