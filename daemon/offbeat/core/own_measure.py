"""How loud each stream usually is on a stranger: the fleet's law gives the form, the sensor's own rows the measure.

A fleet is as wide as its strangest member. On most sensors a stream says far less than the fleet's law allows for, and
on some far more. So what it says of a stranger is taken in proportion to what it said of it so far. How long a value
stands still is left as it is: that is judged by the sensor's own runs already. Rows that open an episode, or keep one
open, are not learnt: a fault is no measure of the sensor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore
from offbeat.core.streams.registry import STREAM_TRACKS

Slots = NDArray[np.intp]

DEVIATIONS = np.float32(1.645)
USUAL = np.float32(np.log10(np.e)) * (1 + DEVIATIONS)
"""Mean of a surprise and so many deviations, where its law is right: about what one row in twenty exceeds."""

LOUDEST = np.float32(3.0)
"""No row counts more in the measure: faults are not to make it deaf."""

FLEET_ROWS = np.float32(100.0)
"""Rows that the fleet's law counts as."""

MOST_ROWS = np.float32(1000.0)
"""Rows remembered."""

MOST = np.float32(4.0)
"""A stream is made so many times louder or calmer at most."""

_MEASURED = np.array([track != "stuck" for track in STREAM_TRACKS])


def surprise_of(commission: Commission, row: Slots, raw: Floats) -> Floats:
    """Return the surprise of each stream, float32 [n, K]; how long a stranger's value stands still is one already.

    Args:
        commission: with the laws of its streams.
        row: rows of the commission [n].
        raw: raw strangeness [n, K].
    """
    surprise = commission.surprise(row, raw)
    stranger = np.flatnonzero(row == 0)
    if len(stranger) and commission.streams is not None:
        surprise[np.ix_(stranger, ~_MEASURED)] = raw[np.ix_(stranger, ~_MEASURED)]
    return surprise


class OwnMeasure:
    """Mean and mean square of the surprises of each stream, by slot.

    Args:
        sensors: slots to make room for.
    """

    def __init__(self, sensors: int) -> None:
        shape = (sensors, len(STREAM_TRACKS))
        self._rows = np.zeros(shape, np.float32)
        self._mean = np.zeros(shape, np.float32)
        self._square = np.zeros(shape, np.float32)

    def measured(self, sensor: Slots, surprise: Floats) -> Floats:
        """Return surprises by the sensors' own measure, [n, K]. Learns nothing.

        Args:
            sensor: slots [n].
            surprise: by the fleet's law [n, K]; NaN stays NaN.
        """
        rows, mean, square = self._rows[sensor], self._mean[sensor], self._square[sensor]
        loud = mean + DEVIATIONS * np.sqrt(np.maximum(square - mean * mean, np.float32(0.0)))
        own = (FLEET_ROWS * USUAL + rows * loud) / (FLEET_ROWS + rows)
        out: Floats = surprise * np.where(_MEASURED, np.clip(USUAL / own, 1 / MOST, MOST), np.float32(1.0))
        return out

    def learn(self, sensor: Slots, surprise: Floats) -> None:
        """Learn a round.

        Args:
            sensor: slots [n], each at most once; only those of which something may be learnt.
            surprise: by the fleet's law [n, K], as given to `measured`.
        """
        rows, mean, square = self._rows[sensor], self._mean[sensor], self._square[sensor]
        known = np.isfinite(surprise)
        said = np.where(known, np.minimum(surprise, LOUDEST), np.float32(0.0))
        rows = np.minimum(rows + known, MOST_ROWS)
        share = np.where(known, 1 / np.maximum(rows, 1), np.float32(0.0))
        self._rows[sensor] = rows
        self._mean[sensor] = mean + share * (said - mean)
        self._square[sensor] = square + share * (said * said - square)

    def reset(self, sensor: Slots) -> None:
        """Forget these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return rows, means and mean squares, [S, K]; views."""
        return {"rows": self._rows, "mean": self._mean, "square": self._square}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
