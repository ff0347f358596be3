"""Recordings thinned at the pace of real ones: bursts and holes as devices make them, of original rows only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.series import Series

LONGEST_GAP = 100.0
"""In usual gaps. What is longer is a sensor that was off for days: it would take every row of a short series."""
STRIDES = (0.05, 50.0)
"""Rows of the thinned series that one usual gap of the record may stand for."""

Doubles = NDArray[np.float64]


def gap_records(series: Sequence[Series]) -> list[Doubles]:
    """Return the gaps of each recording in their order, in units of their median."""
    records = []
    for one in series:
        gaps = np.diff(np.sort(one.times_seconds))
        gaps = gaps[gaps > 0] / np.median(gaps[gaps > 0])
        records.append(gaps[gaps <= LONGEST_GAP])
    return records


def thinned(
    series: Series, test_from: float, share: float, records: Sequence[Doubles], random: np.random.Generator
) -> Series:
    """Return a series of whose test rows a share is left; what lies before stays whole.

    Args:
        series: in recorded order, which stays.
        test_from: where the test part begins.
        share: of the test rows to keep.
        records: gaps to draw from, see `gap_records`.
        random: chooses the record and where in it to begin; the same state gives the same rows at every share.
    """
    record = records[int(random.integers(len(records)))]
    gaps = np.roll(record, -int(random.integers(len(record))))
    tested = np.flatnonzero(series.times_seconds >= test_from)
    keep = series.times_seconds < test_from
    keep[tested[kept_rows(len(tested), share, gaps)]] = True
    return series.where(keep)


def kept_rows(rows: int, share: float, gaps: Doubles) -> NDArray[np.intp]:
    """Return which of so many rows are left if they are read at the pace of a record, ascending.

    A reader passes the rows in strides as long as the record's gaps and keeps each row that it steps on; how many
    rows a usual gap stands for is what gives the share.

    Args:
        rows: to choose from.
        share: of them to keep, nearly.
        gaps: of the record, used again from its start where it is too short.
    """
    walk = np.cumsum(np.resize(gaps, int(rows / STRIDES[0] / gaps.mean()) + 1)) - gaps[0]
    low, high = STRIDES
    for _ in range(16):
        stride = float(np.sqrt(low * high))
        if len(_stepped_on(walk, stride, rows)) > share * rows:
            low = stride
        else:
            high = stride
    return _stepped_on(walk, high, rows)


def _stepped_on(walk: Doubles, stride: float, rows: int) -> NDArray[np.intp]:
    last = int(np.searchsorted(walk, rows / stride))
    steps = np.floor(walk[:last] * stride).astype(np.intp)
    return np.unique(steps[steps < rows])
