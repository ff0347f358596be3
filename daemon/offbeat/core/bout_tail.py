"""Tails of what comes in bouts: the law of how far a bout goes, as certain as the number of bouts allows.

A sum of means stays high for rows on end. Its largest rows are no independent sample: 75 of 1,500 rows may be ten
occasions, and the eleventh goes further than the rows of the ten lead to expect. So a tail is made of the strangest
row of each bout, one excess a bout. Excesses are exponential (`tail.SURPRISE`); with a mean m learnt from n of them the
next one exceeds x with chance (1 + x / (n m))^-n, which is a Pareto tail of scale m and shape 1 / n: the predictive law
of an exponential sample under the scale-free prior (Aitchison and Dunsmore, Statistical Prediction Analysis, 1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bouts import CLOSE_ROWS
from offbeat.core.calibration import FEWEST_SAMPLES, FrozenCalibration
from offbeat.core.streams.base import Floats
from offbeat.core.tail import SURPRISE

Doubles = NDArray[np.float64]


def with_bout_tails(law: FrozenCalibration, samples: Sequence[Floats]) -> FrozenCalibration:
    """Return a law whose tails are those of bouts where these are wider.

    Args:
        law: of severities, learnt from the same samples.
        samples: of each sensor in time order, [n_r, Q], NaN = no opinion; row r + 1 of the law is samples[r]. The
            fleet's tail is as wide as its sensors' in the middle.
    """
    sigma, xi = law.sigma.astype(np.float64), law.xi.astype(np.float64)
    for row, sample in enumerate(samples, start=1):
        for column in range(sigma.shape[1]):
            said = sample[:, column][np.isfinite(sample[:, column])]
            if len(said) < FEWEST_SAMPLES:
                continue
            excess = peaks(said, float(law.knots[row, column, -1]))
            if len(excess):
                sigma[row, column] = max(sigma[row, column], float(excess.mean()))
                xi[row, column] = np.clip(1.0 / len(excess), xi[row, column], SURPRISE.most)
    if len(sigma) > 1:
        sigma[0] = np.maximum(sigma[0], np.median(sigma[1:], axis=0))
        xi[0] = np.maximum(xi[0], np.median(xi[1:], axis=0))
    return replace(law, sigma=sigma.astype(np.float32), xi=xi.astype(np.float32))


def peaks(said: Floats, threshold: float) -> Doubles:
    """Return how far the strangest row of each bout is beyond the threshold, float64 [bouts].

    A bout ends where as many rows lie within the threshold as calm rows close an episode.

    Args:
        said: in time order [n].
        threshold: where the tail begins.
    """
    beyond = np.flatnonzero(said > threshold)
    if not len(beyond):
        return np.zeros(0)
    begins = np.flatnonzero(np.diff(beyond, prepend=-np.inf) > CLOSE_ROWS)
    highest: Doubles = np.maximum.reduceat(said[beyond].astype(np.float64), begins) - threshold
    return highest
