"""Short technical faults put into recordings: into what is learnt from, or into what is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.series import Series
from offbeat_models.windows import robust_center_scale
from tests.benchmarks.detection.judge import labelled

KINDS = ("spike", "jump", "step over a gap")
SIZES = (3.0, 8.0)
"""In deviations of the channel, either way."""
LONGEST_FAULT, LONGEST_GAP, LONGEST_BLOCK = 12, 20, 40
ROWS_PER_FAULT = 400
APART = 8
"""Rows between two faults, or between a fault and an event of the recording."""
_TRIES = 20

Spans = list[tuple[float, float]]


def injected(
    series: Series, test_from: float, events: Sequence[tuple[float, float]], random: np.random.Generator
) -> tuple[Series, Spans]:
    """Return a series with short faults of one channel each in its test part, and when they last.

    A spike is one row, a jump some rows; before a step, some rows are missing.

    Args:
        series: in recorded order.
        test_from: where the test part begins.
        events: of the recording, which are left as they are.
        random: chooses everything.
    """
    tested = np.flatnonzero(series.times_seconds >= test_from)
    scale = _scales(series.values[series.times_seconds < test_from])
    free = (series.times_seconds >= test_from) & ~labelled(series.times_seconds, list(events))
    values, lost, spans = series.values.copy(), np.zeros(len(series), np.bool_), []
    for _ in range(max(len(tested) // ROWS_PER_FAULT, 2)):
        kind = KINDS[int(random.integers(len(KINDS)))]
        rows = 1 if kind == "spike" else int(random.integers(2, LONGEST_FAULT + 1))
        gap = int(random.integers(4, LONGEST_GAP + 1)) if kind == "step over a gap" else 0
        first = _place(free, gap + rows, random)
        if first is None or not _shift(values, scale, slice(first + gap, first + gap + rows), random):
            continue
        lost[first : first + gap] = True
        free[max(first - APART, 0) : first + gap + rows + APART] = False
        times = series.times_seconds[first + gap : first + gap + rows]
        spans.append((float(times.min()), float(times.max())))
    return replace(series, values=values).where(~lost), spans


def spoilt(series: Series, test_from: float, share: float, random: np.random.Generator) -> Series:
    """Return a series a share of whose rows to learn from lie in blocks of 1 to 40 rows shifted in one channel."""
    learnt = series.times_seconds < test_from
    scale, values, free = _scales(series.values[learnt]), series.values.copy(), learnt.copy()
    wanted = round(share * int(learnt.sum()))
    left = wanted
    for _ in range(wanted):  # more often than there are blocks: some find no place
        if left == 0:
            break
        rows = min(int(random.integers(1, LONGEST_BLOCK + 1)), left)
        first = _place(free, rows, random)
        if first is not None and _shift(values, scale, slice(first, first + rows), random):
            free[first : first + rows] = False
            left -= rows
    return replace(series, values=values)


def _scales(past: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the deviation of each channel, 0 where it never moved."""
    columns = [column[np.isfinite(column)].astype(np.float64) for column in past.T]
    return np.array([robust_center_scale(column)[1] if len(column) else 0.0 for column in columns])


def _place(free: NDArray[np.bool_], rows: int, random: np.random.Generator) -> int | None:
    """Return the first of so many free rows in a row, None if none was met with."""
    starts = np.flatnonzero(free)
    for _ in range(_TRIES if len(starts) else 0):
        first = int(starts[int(random.integers(len(starts)))])
        if free[first : first + rows].sum() == rows:
            return first
    return None


def _shift(
    values: NDArray[np.float32], scale: NDArray[np.float64], rows: slice, random: np.random.Generator
) -> bool:
    """Shift one channel that moves and is observed in these rows; return whether there is one."""
    able = np.flatnonzero((scale > 0) & np.isfinite(values[rows]).any(axis=0))
    if not len(able):
        return False
    channel = int(able[int(random.integers(len(able)))])
    size = random.uniform(*SIZES) * (1 if random.random() < 0.5 else -1)
    values[rows, channel] += np.float32(size * scale[channel])
    return True
