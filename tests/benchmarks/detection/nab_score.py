"""The score of the Numenta Anomaly Benchmark: early detections within windows count, every row outside costs.

Written from the benchmark's published rules:

* The first 15 % of a file's rows, 750 at most, are for learning and are not judged.
* A row that is scored at or above the threshold is a detection. Of those within a labelled window only the earliest
  counts: it earns a share of the weight of a found window that falls along a sigmoid from 1 at the window's first row
  to near 0 at its last. A window without any costs the weight of a missed one.
* A detection outside every window costs: little just behind a window, the whole weight of a false one far from it.
* One threshold for all files, the one that is best for the detector. 0 is what a detector gets that says nothing, 100
  one that detects every window at its first row and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
Span = tuple[float, float]

PROBATION_SHARE, MOST_PROBATION_ROWS = 0.15, 750
STEEPNESS = 5.0
FAR = 3.0
"""Widths behind a window from which a false detection costs its whole weight."""
NO_WINDOW = -1


@dataclass(frozen=True, slots=True)
class Profile:
    """What is gained and lost.

    Attributes:
        found: gained by a window detected at its first row.
        false: lost by a detection far from every window.
        missed: lost by a window without a detection.
    """

    found: float
    false: float
    missed: float


STANDARD = Profile(1.0, 0.11, 1.0)


@dataclass(frozen=True, slots=True)
class File:
    """One file with what a detector said of it.

    Attributes:
        times_seconds: of all its rows, in recorded order [n].
        score: larger = stranger; NaN = nothing was said, which is never a detection [n].
        windows: first and last time of each labelled window; both are times of rows.
    """

    times_seconds: Doubles
    score: Doubles
    windows: Sequence[Span]


@dataclass(frozen=True, slots=True)
class NabScore:
    """What a detector is worth on all files at its best threshold.

    Attributes:
        score: 0 for saying nothing, 100 for perfection; it may be negative.
        threshold: of a detection; infinite where saying nothing is best.
        found: windows with a detection.
        windows: of all files.
        false: detections outside every window.
    """

    score: float
    threshold: float
    found: int
    windows: int
    false: int


def nab_score(files: Sequence[File], profile: Profile = STANDARD) -> NabScore:
    """Return the score of a detector at the one threshold for all files that is best for it."""
    worth, window, score = _joined(files, profile)
    order = np.argsort(-score, kind="stable")
    worth, window, score = worth[order], window[order], score[order]
    count = sum(len(one.windows) for one in files)
    gained, first = _gains(worth, window, profile.missed)
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if len(score) else np.zeros(0, np.intp)
    raw = np.concatenate([[0.0], np.cumsum(gained)[ends]])
    best = int(np.argmax(raw))
    detected = slice(0, 0 if best == 0 else int(ends[best - 1]) + 1)
    return NabScore(
        score=100.0 * float(raw[best]) / (count * (profile.found + profile.missed))
        if count
        else float("nan"),
        threshold=float("inf") if best == 0 else float(score[ends[best - 1]]),
        found=int(first[detected].sum()),
        windows=count,
        false=int((window[detected] == NO_WINDOW).sum()),
    )


def probation_rows(rows: int) -> int:
    """Return how many rows at the beginning of a file are not judged."""
    return min(int(PROBATION_SHARE * rows), MOST_PROBATION_ROWS)


def worth_of_rows(times_seconds: Doubles, windows: Sequence[Span], profile: Profile) -> tuple[Doubles, Rows]:
    """Return what a detection at each row is worth [n], and the window that each row lies in, or -1 [n].

    Raises:
        ValueError: a window begins or ends at no row.
    """
    rows = np.arange(len(times_seconds))
    worth = np.full(len(rows), -profile.false)
    inside = np.full(len(rows), NO_WINDOW, np.intp)
    for number, (begin, end) in enumerate(sorted(windows)):
        first, last = _row_of(times_seconds, begin), _row_of(times_seconds, end)
        width = last - first + 1
        behind = (rows - last) / max(width - 1, 1)
        worth[last + 1 :] = profile.false * _sigmoid(np.where(behind > FAR, np.inf, behind))[last + 1 :]
        within = slice(first, last + 1)
        worth[within] = profile.found * _sigmoid((rows[within] - last - 1) / width) / _sigmoid(-1.0)
        inside[within] = number
    return worth, inside


def _joined(files: Sequence[File], profile: Profile) -> tuple[Doubles, Rows, Doubles]:
    """Return worth, window and score of the rows of all files about which something was said."""
    parts, before = [], 0
    for one in files:
        worth, window = worth_of_rows(one.times_seconds, one.windows, profile)
        judged = np.isfinite(one.score) & (np.arange(len(worth)) >= probation_rows(len(worth)))
        window = np.where(window == NO_WINDOW, NO_WINDOW, window + before)
        parts.append((worth[judged], window[judged], one.score[judged]))
        before += len(one.windows)
    empty = (np.zeros(0), np.zeros(0, np.intp), np.zeros(0))
    columns = list(zip(*parts, strict=True)) if parts else [(part,) for part in empty]
    return np.concatenate(columns[0]), np.concatenate(columns[1]), np.concatenate(columns[2])


def _gains(worth: Doubles, window: Rows, missed: float) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return what each row adds once the rows before it are detected, and whether it is the first of its window.

    Args:
        worth: of the rows, the highest scored first [n].
        window: that each lies in, or -1 [n].
        missed: lost by a window without a detection.
    """
    gained, first = worth.copy(), np.zeros(len(worth), np.bool_)
    for number in np.unique(window[window != NO_WINDOW]):
        rows = np.flatnonzero(window == number)
        best = np.maximum.accumulate(worth[rows])
        gained[rows] = np.diff(best, prepend=-missed)
        first[rows[0]] = True
    return gained, first


def _row_of(times_seconds: Doubles, time_seconds: float) -> int:
    rows = np.flatnonzero(times_seconds == time_seconds)
    if not len(rows):
        raise ValueError(f"a window begins or ends at {time_seconds:.0f}, where no row is")
    return int(rows[0])


def _sigmoid(position: Doubles | float) -> Doubles:
    """Return 1 far before a window's end (position 0), 0 there, -1 far behind it."""
    with np.errstate(over="ignore"):
        return np.asarray(2.0 / (1.0 + np.exp(STEEPNESS * np.asarray(position, np.float64))) - 1.0)
