"""Which rows of a past are too strange, and too rare, to be learnt as ordinary.

No stream by itself can tell: five faulty rows in a hundred are the tail of its law. But a fault moves several streams
far beyond the body of their laws at once, and the bodies hardly know of it. What a sensor does again and again is its
way, however strange a single time looks: only occasions that stand out of all the others are doubted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams import registry
from offbeat.core.streams.base import Floats

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]

SPEAKING = (
    "level", "level_wide", "linear", "linear_wide", "unrest", "variance", "jump", "shape", "relation",
)  # fmt: skip
"""Streams that say little of an occasion once it is over: the echo of the others would hide where it ends."""

FEWEST_ROWS = 200
"""A shorter past is too little to tell rare from usual."""
MIDDLE, UPPER = 0.5, 0.75
"""The body between these quantiles is the measure; one row in twenty moves neither by much."""
LOUDEST = 8.0
"""No stream says more than this surprise: one that shouts is one opinion of several."""
FAR = 12.0
"""In distances from the median to the upper quartile of what the streams say together; chosen on injected faults, see
docs/decisions/0007-contaminated-pasts.md."""
BEGINS, ENDS = 1.5, 2.0
"""An occasion reaches back and on to where the streams were quieter than this."""
SAME_ROWS = 16
"""Far rows no farther apart are one occasion."""
CLEARLY = 1.25
"""So much stranger than what happens often an occasion must be."""
ROWS_AN_OCCASION, FEWEST_OCCASIONS = 200, 4
"""A sensor may have one doubtful occasion in so many rows, and at least so many; with more it is the sensor's way."""
LONGEST_SHARE = 0.2
"""What takes a larger share of the past is a change that lasts, not an accident."""
MOST_SHARE = 0.3
"""A sensor that is far from its middle for a larger share of the time is as it is; nor is more than this left out."""

_COLUMNS = [registry.STREAM_NAMES.index(name) for name in SPEAKING]


def doubtful(raw: Floats, doubted: Bools) -> Bools:
    """Return which rows of a sensor not to learn from, bool [n]: whole occasions, from quiet to quiet.

    Args:
        raw: raw values of the streams over the whole past [n, K], in time order; NaN = no opinion.
        doubted: rows doubted before, which are kept out of the bodies [n].
    """
    nothing = np.zeros(len(raw), np.bool_)
    if np.count_nonzero(~doubted) < FEWEST_ROWS:
        return nothing
    said = _together(raw, ~doubted)
    far = np.flatnonzero(said > FAR)
    if not len(far):
        return nothing
    firsts, lasts = _occasions(far)
    if np.sum(lasts - firsts + 1) > MOST_SHARE * len(raw):
        return nothing
    peaks = np.array([said[a : b + 1].max() for a, b in zip(firsts, lasts, strict=True)])
    usual = _usual(peaks, len(raw))
    out = nothing
    for place in np.argsort(-peaks, kind="stable"):
        if peaks[place] <= CLEARLY * usual:
            break
        first, last = _whole(said, int(firsts[place]), int(lasts[place]))
        more = out.copy()
        more[first : last + 1] = True
        if last - first < LONGEST_SHARE * len(raw) and np.count_nonzero(more) <= MOST_SHARE * len(raw):
            out = more
    return out


def occasions_allowed(rows: int) -> int:
    """Return how many occasions in so many rows may be doubted: what comes more often is the sensor's way."""
    return max(FEWEST_OCCASIONS, rows // ROWS_AN_OCCASION)


def _together(raw: Floats, body: Bools) -> Doubles:
    """Return what the streams say together of each row, from 0 at the median on; 0 where none has an opinion."""
    total, count = np.zeros(len(raw)), np.zeros(len(raw))
    for column in raw[:, _COLUMNS].astype(np.float64).T:
        known = np.isfinite(column)
        measured = _from_middle(column, known & body)
        if measured is not None:
            total += np.where(known, np.clip(measured * _SURPRISE_AT_UPPER, 0.0, LOUDEST), 0.0)
            count += known
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    said = _from_middle(mean, np.isfinite(mean) & body)
    return np.zeros(len(raw)) if said is None else np.nan_to_num(said, nan=0.0)


_SURPRISE_AT_UPPER = np.log10((1.0 - MIDDLE) / (1.0 - UPPER))
"""Of an exponential law that begins at the median."""


def _from_middle(values: Doubles, body: Bools) -> Doubles | None:
    """Return values in distances from the median to the upper quartile of the body; None if that is too little."""
    if np.count_nonzero(body) < FEWEST_ROWS:
        return None
    middle, upper = np.quantile(values[body], [MIDDLE, UPPER])
    return (values - middle) / (upper - middle) if upper > middle else None


def _occasions(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and last row of each group of rows that lie close together."""
    apart = np.flatnonzero(np.diff(rows) > SAME_ROWS)
    return rows[np.concatenate([[0], apart + 1])], rows[np.concatenate([apart, [len(rows) - 1]])]


def _usual(peaks: Doubles, rows: int) -> float:
    """Return the strongest of the occasions that are too many to be faults; 0 if there are none."""
    allowed = occasions_allowed(rows)
    return float(np.sort(peaks)[::-1][allowed]) if len(peaks) > allowed else 0.0


def _whole(said: Doubles, first: int, last: int) -> tuple[int, int]:
    """Return the first and last row of an occasion with its beginning and its end."""
    quiet = np.flatnonzero(said[:first] <= BEGINS)
    begin = int(quiet[-1]) + 1 if len(quiet) else 0
    quiet = np.flatnonzero(said[last + 1 :] <= ENDS)
    end = last + int(quiet[0]) if len(quiet) else len(said) - 1
    return begin, end
