"""Rows of a sensor held in blocks against what was learnt of it: how long it stays off, and whether it went back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.regimes import FAR, WIDER, off_by

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Law = tuple[Floats, Floats]
"""Center and scale [C]; scale above 0."""

BLOCK_ROWS = 64
"""Rows that are held together against what was learnt, as the core does with a window."""


def off_until(times_seconds: Doubles, values: Floats, since: float, law: Law) -> int:
    """Return the last row up to which blocks of rows after a time are not as they were learnt; -1 if the first is.

    Args:
        times_seconds: ascending [n].
        values: the rows [n, C]; NaN where not observed.
        since: unix seconds.
        law: what was learnt.
    """
    first = int(np.searchsorted(times_seconds, since, side="right"))
    last = -1
    for begin in range(first, len(times_seconds), BLOCK_ROWS):
        if not _is_off(values[begin : begin + BLOCK_ROWS], law):
            break
        last = min(begin + BLOCK_ROWS, len(times_seconds)) - 1
    return last


def gone_back_at(
    times_seconds: Doubles, values: Floats, change: tuple[float, float], ordinary: Bools, law: Law
) -> float | None:
    """Return until when a sensor was not as it was learnt, if it has gone back to that since it changed.

    None if it has not, or if the law cannot tell: one that was learnt after the change finds nothing strange in it.

    Args:
        times_seconds: ascending [n].
        values: the rows [n, C]; NaN where not observed.
        change: after when it changed, and when that was told of.
        ordinary: rows that nobody said anything else of [n]: of a later fault it is not to be taken for changed.
        law: what was learnt.
    """
    changed, told = (int(np.searchsorted(times_seconds, at, side="right")) for at in change)
    first = max(changed, told - BLOCK_ROWS)
    if not _is_off(values[first : max(told, first + BLOCK_ROWS)], law):
        return None
    since = told + np.flatnonzero(ordinary[told:])
    end = len(since)
    while end > 0 and not _is_off(values[since[max(end - BLOCK_ROWS, 0) : end]], law):
        end -= BLOCK_ROWS
    if end == len(since):
        return None
    # It went back somewhere in the block after the last one that is off: half a block of a fault looks like none.
    return float(times_seconds[since[min(max(end, 0) + BLOCK_ROWS, len(since)) - 1]])


def _is_off(block: Floats, law: Law) -> bool:
    if not len(block):
        return False
    center, scale = law
    far, wider = off_by(block[None], center[None], scale[None])
    return bool(far[0] > FAR or wider[0] > WIDER)
