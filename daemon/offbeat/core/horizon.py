"""Memory of a length in wall time, bounded by the sensor's own pace: how much of an average survives one row.

A mean over the last N rows changes its meaning with the sampling rate, and a mean over some hours is one row
at one reading an hour and thousands at one a second. So a stream remembers 4 hours, but no more than 64 usual gaps and
no fewer than 4 rows. The bound is in usual gaps and not in rows: of a sensor that loses two readings of three the same
stretch of time is asked as when it was learnt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HOURS_4 = 14_400.0
DAY = 86_400.0
FEWEST_ROWS = 4.0
MOST_GAPS = 64.0
LEAST_WEIGHT = np.float32(0.5)
"""An average of which less is left, in rows, is over: its channel was away for long, or never there."""


def of_rows(rows: float) -> np.float32:
    """Return the factor of an exponential average with the mean age of a moving average over `rows` rows."""
    return np.float32(1.0 - 2.0 / (rows + 1.0))


_LEAST, _MOST = of_rows(FEWEST_ROWS), of_rows(MOST_GAPS)
_OF_A_USUAL_GAP = np.log(_MOST)
_LEAST_OF_DAY, _MOST_OF_DAY = (np.float32(0.5 ** (1.0 / rows)) for rows in (200.0, 3000.0))


def decay(gap_seconds: NDArray[np.floating], gap: NDArray[np.floating]) -> Floats:
    """Return the factor by which an exponential average fades over a gap, float32, shape of the gaps.

    It has the mean age of a moving average over 4 hours, or over 64 usual gaps if that is less, but over at least 4
    rows. A NaN gap (first row) fades nothing: there is nothing to fade.

    Args:
        gap_seconds: time since the row before.
        gap: the same in units of the sensor's usual gap.
    """
    faded = np.exp(np.fmin(_hours(gap_seconds), np.asarray(gap, np.float32) * _OF_A_USUAL_GAP))
    return np.asarray(np.fmax(np.fmin(faded, np.float32(1.0)), _LEAST), np.float32)


def _hours(gap_seconds: NDArray[np.floating]) -> Floats:
    """Return the logarithm of what four hours leave of an average over a gap."""
    return np.asarray(gap_seconds, np.float32) * np.float32(-2.0 / HOURS_4)


def day(gap_seconds: NDArray[np.floating]) -> Floats:
    """Return the factor over a gap of what halves in a day, but in no fewer than 200 rows and no more than 3000.

    A NaN gap (first row) fades as little as possible.
    """
    faded = np.exp2(np.asarray(gap_seconds, np.float32) * np.float32(-1.0 / DAY))
    return np.asarray(np.fmax(np.fmin(faded, _MOST_OF_DAY), _LEAST_OF_DAY), np.float32)


def fill(filled: Floats, keep: Floats | np.float32, weight: Floats) -> Floats:
    """Return how much of its memory an average has gone through after another row, from 0 to 1.

    Args:
        filled: before the row.
        keep: how much of the average survived until the row.
        weight: of the average before the row. Where next to nothing is left of it, it begins anew.
    """
    more = np.float32(1.0) - (np.float32(1.0) - filled) * keep
    return np.asarray(np.where(weight * keep < LEAST_WEIGHT, np.float32(0.0), more), np.float32)


def settled(filled: Floats) -> NDArray[np.bool_]:
    """Tell where an average has gone through half of its memory: a mean of a few rows is no mean yet.

    A slow wave is off its centre for rows on end; averages that had just begun raised alerts at every start. It is time
    that counts and not the weight: irregular rows weigh now much and now little.
    """
    return np.asarray(filled >= np.float32(0.5), np.bool_)


def fade(
    mean: Floats, weight: Floats, value: Floats, keep: Floats | np.float32, seen: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Take `value` into an average that forgets: return its new (mean, weight). Arguments broadcast.

    Where a value was not `seen` the mean stays and its weight fades. A weight of 0 means that nothing was
    averaged yet, so the first value becomes the mean.
    """
    weight = np.asarray(weight * keep + seen, np.float32)
    share = seen.astype(np.float32) / np.maximum(weight, np.float32(1.0))
    moved = mean + np.where(seen, value - mean, np.float32(0.0)) * share
    return np.asarray(moved, np.float32), weight
