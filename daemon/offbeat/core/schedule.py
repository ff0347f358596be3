"""Which windows are due for the model: by new rows, by age, or by suspicion; the longest due come first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from offbeat.core.rows import Rows

Slots = NDArray[np.intp]


class Schedule:
    """What each sensor's window waits for. `now` is log time, given by the caller.

    A window is due when it has `stride_readings` new rows, when a new row has waited `max_age_seconds`, or
    when a cheap stream grew suspicious of one. First due, first served: under overload every sensor gets its
    turn, and what would have been several windows of one sensor is scored as one.

    Args:
        sensors: largest number of sensors of the group.
        stride_readings: new rows that make a window due.
        max_age_seconds: how long a new row may wait.
    """

    def __init__(self, sensors: int, stride_readings: int, max_age_seconds: float) -> None:
        self.sensors = sensors
        self.stride_readings = stride_readings
        self.max_age_seconds = max_age_seconds
        self.superseded = 0
        """Windows that were due but went into a later one of their sensor."""
        self._fresh = np.zeros(sensors, np.int64)  # new rows that no window job holds yet
        self._due_at = np.full(sensors, np.inf)
        self._suspect = np.zeros(sensors, np.bool_)
        self._away = np.zeros(sensors, np.bool_)  # handed out by `due`, not yet `done`

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes."""
        return self._fresh.nbytes + self._due_at.nbytes + self._suspect.nbytes + self._away.nbytes

    @property
    def waiting(self) -> int:
        """Sensors with new rows that no window has judged."""
        return int(np.count_nonzero((self._fresh > 0) | self._away))

    def note(self, rows: Rows, now: float) -> None:
        """Take new rows in."""
        self._fresh += np.bincount(rows.sensor, minlength=self.sensors)
        touched = np.unique(rows.sensor).astype(np.intp)
        at_once = (self._fresh[touched] >= self.stride_readings) | self._suspect[touched]
        due_at = np.where(at_once, now, now + self.max_age_seconds)
        self._due_at[touched] = np.minimum(self._due_at[touched], due_at)

    def suspect(self, slots: Slots, now: float) -> None:
        """Make windows due at once; of a sensor without new rows, with its next one."""
        self._suspect[slots] = True
        some = slots[self._fresh[slots] > 0]
        self._due_at[some] = np.minimum(self._due_at[some], now)

    def due(self, now: float, limit: int) -> Slots:
        """Return at most `limit` sensors whose windows are due, the longest due first, and hand them out.

        A sensor that was handed out does not come again before it is `done`.
        """
        ready = np.flatnonzero((self._due_at <= now) & ~self._away)
        chosen: Slots = ready[np.argsort(self._due_at[ready], kind="stable")][:limit]
        self.superseded += int(np.maximum(self._fresh[chosen] // self.stride_readings - 1, 0).sum())
        self._fresh[chosen] = 0
        self._due_at[chosen] = np.inf
        self._suspect[chosen] = False
        self._away[chosen] = True
        return chosen

    def done(self, slots: Slots) -> None:
        """Take sensors back whose windows were judged or shed."""
        self._away[slots] = False

    def take(self, slots: Slots) -> dict[str, NDArray[np.generic]]:
        """Return copies for a snapshot; what is handed out stands there as due, for no answer survives."""
        away = self._away[slots]
        return {
            "fresh": np.where(away, np.maximum(self._fresh[slots], 1), self._fresh[slots]),
            "due_at": np.where(away, -np.inf, self._due_at[slots]),
            "suspect": self._suspect[slots],
        }

    def put(self, slots: Slots, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace what is known of some sensors by what `take` returned."""
        self._fresh[slots] = arrays["fresh"]
        self._due_at[slots] = arrays["due_at"]
        self._suspect[slots] = arrays["suspect"]
        self._away[slots] = False

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of the whole, as `take` does."""
        return self.take(np.arange(self.sensors))

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace the whole by what `arrays` returned."""
        self.put(np.arange(self.sensors), arrays)
