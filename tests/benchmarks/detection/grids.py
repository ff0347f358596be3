"""A regular grid in place of irregular rows, made as a service would have to: without knowing what comes next.

A row that comes later changes no point up to the newest row before it. A grid ends at the first point that knows of
the last row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from offbeat.replay.series import Series
from tests.benchmarks.detection.simple import held

Doubles = NDArray[np.float64]
Fill = Callable[[Doubles, Doubles, Doubles], Doubles]


def on_grid(series: Series, step_seconds: float, fill: Fill) -> Series:
    """Return a series with a row every so many seconds from its first row until its last one is told.

    Args:
        series: rows; of an instant that stands there several times the largest values count.
        step_seconds: of the grid.
        fill: one of `FILLS`.
    """
    rows = series.recording()
    times = rows.times_seconds
    steps = int(np.ceil((times[-1] - times[0]) / step_seconds))
    points = times[0] + step_seconds * np.arange(steps + 1)
    values = fill(points, times, held(rows.values.astype(np.float64)))
    return replace(series, times_seconds=points, values=values.astype(np.float32))


def hold(points: Doubles, times: Doubles, values: Doubles) -> Doubles:
    """Return at each grid point the newest value known then, [m, C]."""
    return values[newest_at(times, points)]


def interpolate(points: Doubles, times: Doubles, values: Doubles) -> Doubles:
    """Return at each grid point the line between the rows around it, [m, C].

    The points of a gap are known when the row at its end has come.
    """
    before = newest_at(times, points)
    after = np.minimum(before + 1, len(times) - 1)
    width = np.where(after > before, times[after] - times[before], 1.0)
    way = ((points - times[before]) / width)[:, None]
    start, end = values[before], values[after]
    return np.where(np.isnan(start), start, start + way * (np.where(np.isnan(end), start, end) - start))


FILLS: dict[str, Fill] = {"hold": hold, "linear": interpolate}
"""Ways to fill a grid, by the name that tables show."""


def newest_at(times: Doubles, asked: Doubles) -> NDArray[np.intp]:
    """Return the place of the newest of ascending times at or before each asked one; 0 before the first."""
    return np.maximum(np.searchsorted(times, asked, side="right") - 1, 0)


def first_from(times: Doubles, asked: Doubles) -> NDArray[np.intp]:
    """Return the place of the first of ascending times at or after each asked one; the last where all are before."""
    return np.minimum(np.searchsorted(times, asked, side="left"), len(times) - 1)
