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

FLEET_BOUTS = 20.0
"""What the other sensors are worth in the law of a sensor's bouts; chosen on injected faults."""


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

    A dozen bouts say little of a tail. How far they go is an exponential law of unknown scale; of the scale it is
    believed beforehand what the fleet's middle sensor has, as if by `FLEET_BOUTS` bouts more.

    Args:
        law: of severities, learnt from the same samples.
        samples: of each sensor in time order, [n_r, Q], NaN = no opinion; row r + 1 of the law is samples[r]. The
            fleet, and sensors of which too little is known, are as the others are in the middle.
    """
    bouts, mean, rows = _bouts(law, samples)
    middle = np.array([_middle(column, 0.0) for column in mean.T])
    sigma = (bouts * np.nan_to_num(mean, nan=0.0) + FLEET_BOUTS * middle) / (bouts + FLEET_BOUTS)
    usual = np.array([_middle(column, 1.0) for column in rows.T])
    tails = replace(law, sigma=np.maximum(law.sigma, sigma).astype(np.float32))
    return tails, np.where(np.isfinite(rows), rows, usual).astype(np.float32)


def _bouts(law: FrozenCalibration, samples: Sequence[Floats]) -> tuple[Doubles, Doubles, Doubles]:
    """Return the number of bouts, how far the strangest row of one goes on the mean, and its rows, [R, Q] each.

    Without a bout the latter two are NaN.
    """
    shape = law.sigma.shape
    bouts, mean, rows = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
    for row, sample in enumerate(samples, start=1):
        for column in range(shape[1]):
            said = sample[:, column][np.isfinite(sample[:, column])]
            if len(said) < FEWEST_SAMPLES:
                continue
            found = PastBouts.beyond(float(law.knots[row, column, -1]), said)
            if count := len(found.peaks):
                bouts[row, column], rows[row, column] = count, found.rows / count
                mean[row, column] = found.peaks.mean()
    return bouts, mean, rows


def _middle(values: Doubles, otherwise: float) -> float:
    """Return the median of what is known."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else otherwise
