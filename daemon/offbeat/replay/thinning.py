"""Long recordings made small enough to draw, without losing an extreme."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bins:
    """Rows of a recording sorted into spans of time; one row a span where there are few rows.

    Attributes:
        order: rows in time order.
        starts: index into `order` of the first row of each bin; bins without a row are left out.
        times_seconds: middle of each bin's rows, ascending.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    times_seconds: NDArray[np.float64]

    @classmethod
    def of(cls, times_seconds: NDArray[np.float64], most: int) -> Bins:
        """Return at most `most` bins of equal length in time.

        Args:
            times_seconds: of the rows, in any order.
            most: bins.
        """
        order = np.argsort(times_seconds, kind="stable")
        times = times_seconds[order]
        if len(times) <= most:
            return cls(order, np.arange(len(times)), times)
        span = max(float(times[-1] - times[0]), 1e-9)
        number = np.minimum(((times - times[0]) / span * most).astype(np.intp), most - 1)
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        ends = np.append(starts[1:], len(times)) - 1
        return cls(order, starts, (times[starts] + times[ends]) / 2)

    @property
    def is_thinned(self) -> bool:
        """Whether a bin may hold more than one row."""
        return len(self.starts) < len(self.order)

    def lowest(self, column: Columns) -> Columns:
        """Return the smallest number of each bin; NaN where there is none."""
        return np.fmin.reduceat(column[self.order], self.starts)

    def highest(self, column: Columns) -> Columns:
        """Return the largest number of each bin; NaN where there is none."""
        return np.fmax.reduceat(column[self.order], self.starts)


def rounded(column: NDArray[np.floating], span: float) -> list[float | int | None]:
    """Return numbers with no more digits than a drawing can show; None for what is not finite."""
    step = span / 4000 if span > 0 else 0.0
    if step > 0 and math.isfinite(step):
        decimals = min(max(math.ceil(-math.log10(step)), -9), 12)
        values = np.round(column.astype(np.float64), decimals)
    else:
        values = column.astype(np.float64)
    return [_shortest(value) for value in values.tolist()]


def _shortest(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 1e15 else float(f"{value:.8g}")
