"""Times in recordings: unix seconds or RFC 3339, read and written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

LATEST_SECONDS = 1e11
"""Beyond the year 5000: such a number counts milliseconds or less."""

EXPECTED = "expected unix seconds such as 1700000000.5, or RFC 3339 such as 2024-05-01T12:00:00Z"


def parse_time(text: str) -> float:
    """Return the unix seconds of one time; a time without an offset is in UTC.

    Raises:
        ValueError: it is no time; the message says what was expected.
    """
    stripped = text.strip()
    try:
        seconds = float(stripped)
    except ValueError:
        seconds = _from_rfc3339(stripped)
    if "_" in stripped or not math.isfinite(seconds):
        raise ValueError(f'"{text}" is not a time: {EXPECTED}')
    if abs(seconds) > LATEST_SECONDS:
        raise ValueError(
            f"{text} is no time in seconds, it seems to count milliseconds or less: divide it, {EXPECTED}"
        )
    return seconds


def parse_times(cells: Sequence[str]) -> NDArray[np.float64]:
    """Return the unix seconds of many times.

    Raises:
        BadTimeError: one of them is no time; it says which.
    """
    try:
        times = np.array(cells, dtype=np.float64)
    except ValueError:
        times = np.array([math.nan])
    if len(times) == len(cells) and np.isfinite(times).all() and (np.abs(times) <= LATEST_SECONDS).all():
        return times
    out = np.empty(len(cells), np.float64)
    for i, cell in enumerate(cells):
        try:
            out[i] = parse_time(cell)
        except ValueError as error:
            raise BadTimeError(i, str(error)) from None
    return out


class BadTimeError(ValueError):
    """One of many times cannot be read.

    Attributes:
        index: which one.
    """

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def time_texts(times_seconds: NDArray[np.float64]) -> list[str]:
    """Return times as the shortest texts that read back as the same; whole seconds without a point."""
    if np.array_equal(times_seconds, np.round(times_seconds)):
        return [str(t) for t in times_seconds.astype(np.int64).tolist()]
    return [repr(t).removesuffix(".0") for t in times_seconds.tolist()]


def _from_rfc3339(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
