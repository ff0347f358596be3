"""When a virtual clock ticks: often enough that silence is found inside a gap, and not more often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TICKS_PER_GAP = 8
RARE_GAP_QUANTILE = 0.99
"""Only a sensor's rare gaps can mean silence: one row in a hundred gets ticks behind it."""

LONG_GAP_MEDIANS = 3.0

GRID_MEDIANS = 0.25
"""Ticks inside gaps stand on a grid no coarser than so many median gaps, a power of two of seconds: that of one sensor
does for all others of its pace, else a thousand sensors would have a tick for every handful of rows."""

SHORTEST_GAP_SECONDS = float(np.finfo(np.float64).tiny) * 2**32
"""Far below what any clock tells apart: gaps near the smallest of all numbers have no logarithm of a fraction."""

Times = NDArray[np.float64]


def tick_times(arrivals: Sequence[Times], all_arrivals: Times, rows_between: int) -> Times:
    """Return the virtual times of all ticks, ascending; the last one is the last arrival.

    Args:
        arrivals: of each sensor that may fall silent, ascending.
        all_arrivals: the same over all sensors, ascending.
        rows_between: where every sensor reports steadily there still is a tick after so many rows.
    """
    if not len(all_arrivals):
        return np.zeros(0)
    regular = all_arrivals[rows_between - 1 :: rows_between]
    inside = [_inside_long_gaps(times) for times in arrivals]
    return np.unique(np.concatenate([regular, all_arrivals[-1:], *inside]))


def _inside_long_gaps(times: Times) -> Times:
    """Return ticks inside one sensor's long gaps, each later than the one before by about the same factor."""
    gaps = np.diff(times)
    moving = gaps[gaps > SHORTEST_GAP_SECONDS]
    if not len(moving):
        return np.zeros(0)
    median = float(np.median(moving))
    least = max(LONG_GAP_MEDIANS * median, float(np.quantile(moving, RARE_GAP_QUANTILE)))
    which = np.flatnonzero(gaps > least)
    share = (np.arange(TICKS_PER_GAP) + 1.0) / TICKS_PER_GAP
    # From two medians behind the row to just before the next one.
    first, last = np.log(2.0 * median), np.log(gaps[which] * (1.0 - 1e-6))
    ages = np.exp(first + share[None, :] * (last - first)[:, None])
    grid = 2.0 ** np.floor(np.log2(GRID_MEDIANS * median))
    return np.asarray(np.floor((times[which][:, None] + ages).ravel() / grid) * grid)
