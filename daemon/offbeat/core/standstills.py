"""Which standstills of a past are too long, and too rare, to be learnt as this sensor's way.

The law of standstills (`core/streams/stuck.py`) is made of the runs of one value in the past: a sensor that was stuck
once while it was recorded would be as patient with the next time. Only a run that is far longer than all but a few
is doubted: set points, sleeping machines and quantised values come again, and so do their runs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.doubt import LONGEST_SHARE, MOST_SHARE, occasions_allowed
from offbeat.core.streams.stuck import runs_of

Bools = NDArray[np.bool_]

FEWEST_RUNS = 50
"""Of fewer runs in a channel nothing is rare."""
CLEARLY = 4.0
"""So much longer than what happens often a doubtful run is: the longest of many runs of chance is about twice."""
FEWEST_ROWS = 12
"""A shorter run is no standstill, whatever the others are: where values hardly ever repeat, one does by chance."""


def doubtful_standstills(values: NDArray[np.float32]) -> Bools:
    """Return which rows of a sensor only repeat, in a run that is not to be learnt from, bool [n].

    The first row of a run is as good as any other: a standstill begins with the row after it.

    Args:
        values: of the past in time order [n, C]; NaN = not observed.
    """
    out = np.zeros(len(values), np.bool_)
    for channel in values.T:
        out |= _of_channel(channel)
    return out if np.count_nonzero(out) <= MOST_SHARE * len(values) else np.zeros_like(out)


def _of_channel(values: NDArray[np.float32]) -> Bools:
    """Return the rows of one channel [n] that only repeat, in runs that are too long and too rare."""
    out = np.zeros(len(values), np.bool_)
    observed, firsts, lasts = runs_of(values)
    lengths, allowed = lasts - firsts + 1, occasions_allowed(len(observed))
    if len(lengths) < max(FEWEST_RUNS, allowed + 1):
        return out
    usual = np.sort(lengths)[::-1][allowed]
    longest = LONGEST_SHARE * len(observed)
    strange = (lengths >= FEWEST_ROWS) & (lengths > CLEARLY * usual) & (lengths < longest)
    for first, last in zip(firsts[strange], lasts[strange], strict=True):
        out[observed[first + 1] : observed[last] + 1] = True
    return out
