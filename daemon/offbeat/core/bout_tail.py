"""Tails of what comes in bouts: the law of how far a bout goes.

A sum of means stays high for rows on end. Its largest rows are no independent sample: 75 of 1,500 rows may be ten
occasions, and the eleventh goes further than the rows of the ten lead to expect. So a tail is made of the strangest
row of each bout, one excess a bout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bouts import CLOSE_ROWS
from offbeat.core.calibration import FEWEST_SAMPLES, FrozenCalibration
from offbeat.core.streams.base import Floats

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PastBouts:
    """Rows beyond a threshold, and how far the strangest row of each bout goes.

    Attributes:
        peaks: distances from the threshold, float64 [bouts].
        rows: beyond it, of all bouts.
    """

    peaks: Doubles
    rows: int

    @classmethod
    def beyond(cls, threshold: float, said: Floats) -> Self:
        """Find the bouts of a sensor; one ends where as many rows lie within the threshold as close an episode.

        Args:
            threshold: where the tail begins.
            said: in time order [n].
        """
        rows = np.flatnonzero(said > threshold)
        if not len(rows):
            return cls(np.zeros(0), 0)
        begins = np.flatnonzero(np.diff(rows, prepend=-np.inf) > CLOSE_ROWS)
        return cls(np.maximum.reduceat(said[rows].astype(np.float64), begins) - threshold, len(rows))


def with_bout_tails(law: FrozenCalibration, samples: Sequence[Floats]) -> tuple[FrozenCalibration, Floats]:
    """Return a law whose tails are those of bouts where these are wider, and the rows of a bout, float32 [R, Q].

    Args:
        law: of severities, learnt from the same samples.
        samples: of each sensor in time order, [n_r, Q], NaN = no opinion; row r + 1 of the law is samples[r]. The
            fleet, and sensors of which too little is known, are as the others are in the middle.
    """
    sigma = law.sigma.astype(np.float64)
    rows = np.full(sigma.shape, np.nan)
    for row, sample in enumerate(samples, start=1):
        for column in range(sigma.shape[1]):
            said = sample[:, column][np.isfinite(sample[:, column])]
            if len(said) < FEWEST_SAMPLES:
                continue
            found = PastBouts.beyond(float(law.knots[row, column, -1]), said)
            count = len(found.peaks)
            if count:
                rows[row, column] = found.rows / count
                sigma[row, column] = max(sigma[row, column], float(found.peaks.mean()))
    for column in range(sigma.shape[1]):
        known = np.isfinite(rows[:, column])
        if known.any():
            sigma[~known, column] = np.maximum(sigma[~known, column], np.median(sigma[known, column]))
            rows[~known, column] = np.median(rows[known, column])
    return replace(law, sigma=sigma.astype(np.float32)), np.nan_to_num(rows, nan=1.0).astype(np.float32)
