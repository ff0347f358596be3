"""The newest rows of sensors as arrays: all that a baseline looks at when it judges a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat_models.series import SensorSeries

HISTORY_ROWS = 32
"""K: rows that a baseline remembers of each sensor."""

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class History:
    """The last K rows of N sensors, the row to be judged at the end; front rows that never were hold zeros.

    Attributes:
        x: squashed normalised values, float32 [N, K, C]; 0 where not observed.
        mask: True where observed, [N, K, C].
        gap: time since the row before in median gaps, float32 [N, K].
        count: rows that there are, [N], 1..K.
        row: rows of the sensors in the baseline's tables, [N]; 0 = unknown sensor.
    """

    x: Floats
    mask: Bools
    gap: Floats
    count: NDArray[np.int64]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of sensors."""
        return len(self.row)

    def there(self) -> Bools:
        """Return which rows there are, [N, K]."""
        length = self.gap.shape[1]
        return np.asarray(np.arange(length)[None, :] >= length - self.count[:, None])

    def tau(self) -> NDArray[np.float64]:
        """Return times relative to the last row in median gaps, [N, K]; -inf for rows that never were."""
        later = np.zeros(self.gap.shape)
        # Summed from the last row backwards, so that it does not matter what was forgotten in front.
        later[:, :-1] = np.cumsum(self.gap[:, :0:-1].astype(np.float64), axis=1)[:, ::-1]
        return np.where(self.there(), -later, -np.inf)


def gaps_of(one: SensorSeries) -> Floats:
    """Return the time since the row before of a recorded series in median gaps, [n]; 0 for the first row."""
    gap = np.diff(one.times_seconds, prepend=one.times_seconds[:1]) / one.gap_unit_seconds
    return gap.astype(np.float32)


def recorded_history(one: SensorSeries, ends: NDArray[np.intp]) -> History:
    """Return the history of a recorded series at some of its rows.

    Args:
        one: the series.
        ends: indices of the rows to be judged, [N].
    """
    front = HISTORY_ROWS - 1
    at = ends[:, None] + np.arange(HISTORY_ROWS)[None, :]
    mask = np.pad(one.mask, ((front, 0), (0, 0)))[at]
    x = np.pad(one.x, ((front, 0), (0, 0)))[at]
    return History(
        np.where(mask, x, np.float32(0.0)),
        mask,
        np.pad(gaps_of(one), (front, 0))[at],
        np.minimum(ends + 1, HISTORY_ROWS).astype(np.int64),
        np.full(len(ends), one.row, np.int64),
    )


def last_seen(x: Floats, mask: Bools) -> tuple[Floats, Bools]:
    """Return (value last observed by channel [N, C], whether there was one [N, C]) of rows [N, K, C]."""
    length = x.shape[1]
    seen = np.asarray(mask.any(axis=1))
    newest = np.where(seen, length - 1 - np.argmax(mask[:, ::-1], axis=1), 0)
    value = np.take_along_axis(x, newest[:, None, :], axis=1)[:, 0]
    return np.where(seen, value, np.float32(0.0)), seen
