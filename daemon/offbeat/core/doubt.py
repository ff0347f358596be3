"""Which rows of a recording are too strange, and too rare, to be learnt as ordinary.

What a sensor does again and again is its way, however strange a single time looks. What it did a few times, far
beyond the rest, was probably a fault: learnt as ordinary it would hide the next one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Floats

Bools = NDArray[np.bool_]

FAR = 14.0
"""How many times farther from the median than the upper quartile a raw value must lie; exponential tails reach
this once in thirty thousand rows."""
CLEARLY_FARTHER = 1.5
"""How much stranger than what happens often."""
SAME_ROWS = 16
"""Strange rows no farther apart are one occasion."""
ECHO_ROWS = 32
"""Means over rows and held scores still speak of an occasion so long after it."""
ROWS_AN_OCCASION = 200
FEWEST_OCCASIONS, MOST_OCCASIONS = 4, 16
"""A column may have one doubtful occasion in so many rows, within these bounds; with more it is the sensor's way."""
MOST_SHARE = 0.1
"""A column that doubts more of the rows speaks of a change that lasts, not of an accident."""
FEWEST_ROWS = 200


def doubtful(raw: Floats) -> Bools:
    """Return which rows of a sensor not to learn from, bool [n].

    Args:
        raw: raw values of the streams [n, K] in time order; NaN = no opinion.
    """
    doubted = np.zeros(len(raw), np.bool_)
    if len(raw) >= FEWEST_ROWS:
        for column in raw.T:
            doubted |= _of_column(column)
    return doubted


def with_echo(doubted: Bools) -> Bools:
    """Return the doubtful rows and those after them that still speak of them, bool [n]."""
    since = np.arange(len(doubted)) - np.maximum.accumulate(
        np.where(doubted, np.arange(len(doubted)), -len(doubted) - ECHO_ROWS)
    )
    return np.asarray(since <= ECHO_ROWS)


def _of_column(column: Floats) -> Bools:
    nothing = np.zeros(len(column), np.bool_)
    known = np.isfinite(column)
    if np.count_nonzero(known) < FEWEST_ROWS:
        return nothing
    values = column[known].astype(np.float64)
    middle, upper = np.quantile(values, [0.5, 0.75])
    spread = upper - middle if upper > middle else 0.1 * float(values.std())
    if spread <= 0:
        return nothing
    excess = np.where(known, (column - middle) / spread, -np.inf)
    far = np.flatnonzero(excess > FAR)
    if not len(far):
        return nothing
    firsts, lasts = _occasions(far)
    peaks = np.array([excess[a : b + 1].max() for a, b in zip(firsts, lasts, strict=True)])
    allowed = int(np.clip(len(values) // ROWS_AN_OCCASION, FEWEST_OCCASIONS, MOST_OCCASIONS))
    # The strongest of those that are too many to be faults says what the sensor does often.
    usual = float(np.sort(peaks)[::-1][allowed]) if len(peaks) > allowed else 0.0
    out = nothing.copy()
    for a, b, peak in zip(firsts, lasts, peaks, strict=True):
        if peak > CLEARLY_FARTHER * usual:
            out[a : b + 1] = True
    return out if np.count_nonzero(out) <= MOST_SHARE * len(values) else nothing


def _occasions(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the (first, last) row of each group of rows that lie close together."""
    apart = np.flatnonzero(np.diff(rows) > SAME_ROWS)
    return rows[np.concatenate([[0], apart + 1])], rows[np.concatenate([apart, [len(rows) - 1]])]
