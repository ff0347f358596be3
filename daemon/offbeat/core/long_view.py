"""The long view: what each sensor said over hours or days, as means over bins of time.

A bin holds the mean of a channel's values and how many there were; taking a reading in costs the same however
long the horizon is. Bins lie on one grid from the epoch on, so that they do not depend on when the daemon
started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.recording import Recording

BINS = 64
"""Bins of a horizon."""

Slots = NDArray[np.intp]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).min // 2


@dataclass(frozen=True, slots=True)
class BinSlice:
    """The closed bins of n sensors that hold anything, ascending in time, right padded with zeros.

    Attributes:
        bin: number of each bin on the grid, float64 [n, L].
        values: means, float32 [n, L, C]; 0 where not observed.
        mask: bool [n, L, C].
        lengths: int64 [n]; 0 for a sensor without closed bins.
    """

    bin: NDArray[np.float64]
    values: Floats
    mask: Flags
    lengths: NDArray[np.int64]


def width_seconds(horizon_seconds: float) -> float:
    """Return how long a bin of a horizon is."""
    return horizon_seconds / BINS


class LongView:
    """The last `BINS` closed bins of each sensor of a group, and the one that is being filled.

    A reading that is older than the newest goes into its own bin as long as that is held. A bin is closed, and
    its sensor due to be judged, when a reading comes of a later one.

    Args:
        sensors: slots to make room for.
        horizon_seconds: time that the closed bins span.
        channels: C.
    """

    def __init__(self, sensors: int, horizon_seconds: float, channels: int) -> None:
        self.sensors = sensors
        self.width_seconds = width_seconds(horizon_seconds)
        self._ring = BINS + 1
        self._newest = np.full(sensors, _NEVER, np.int64)
        self._held = np.zeros((sensors, self._ring), np.int64)  # number of the bin that a cell holds
        self._total = np.zeros((sensors, self._ring, channels), np.float64)
        self._count = np.zeros((sensors, self._ring, channels), np.uint32)
        self._due_since = np.full(sensors, np.inf)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes, were every sensor there."""
        return sum(array.nbytes for array in self._arrays().values())

    def insert(
        self, sensor: Slots, time_seconds: NDArray[np.float64], values: Floats, mask: Flags, now: float
    ) -> None:
        """Take rows in that were not there before.

        Args:
            sensor: slots [n]; in time order each, for the same sums to the last bit.
            time_seconds: event times [n].
            values: as measured [n, C].
            mask: True where observed [n, C].
            now: log time; what becomes due first is judged first.
        """
        if not len(sensor):
            return
        number = np.floor(time_seconds / self.width_seconds).astype(np.int64)
        self._move_on(sensor, number, now)
        kept = number > self._newest[sensor] - self._ring
        if not kept.all():
            sensor, number, values, mask = sensor[kept], number[kept], values[kept], mask[kept]
        cell = sensor * self._ring + number % self._ring
        held, channels = self._held.reshape(-1), self._total.shape[2]
        total, count = self._total.reshape(-1, channels), self._count.reshape(-1, channels)
        stale = cell[held[cell] != number]
        total[stale], count[stale] = 0.0, 0
        held[cell] = number
        row, channel = np.nonzero(mask)
        place = cell[row] * channels + channel
        np.add.at(total.reshape(-1), place, values[row, channel].astype(np.float64))
        np.add.at(count.reshape(-1), place, np.uint32(1))

    def _move_on(self, sensor: Slots, number: NDArray[np.int64], now: float) -> None:
        """Let readings of later bins close the ones before."""
        ahead = number > self._newest[sensor]
        if not ahead.any():
            return
        moving = np.unique(sensor[ahead])
        known = moving[self._newest[moving] != _NEVER]
        np.maximum.at(self._newest, sensor[ahead], number[ahead])
        self._due_since[known] = np.minimum(self._due_since[known], now)

    def due(self, limit: int) -> Slots:
        """Return at most `limit` sensors of which a bin was closed since the last time, the longest due first."""
        slots = np.flatnonzero(np.isfinite(self._due_since))
        if len(slots) > 1:
            slots = slots[np.argsort(self._due_since[slots], kind="stable")]
        return slots[:limit]

    def done(self, slots: Slots) -> None:
        """Say that sensors were asked about, or that there is nothing to ask."""
        self._due_since[slots] = np.inf

    def closed(self, slots: Slots) -> BinSlice:
        """Return the closed bins of some sensors."""
        step = np.arange(BINS) - BINS  # the newest closed bin is the one before the one being filled
        number = self._newest[slots][:, None] + step
        cell = number % self._ring
        which = slots[:, None]
        count = self._count[which, cell] * (self._held[which, cell] == number)[:, :, None]
        mean = self._total[which, cell] / np.maximum(count, 1)
        return _packed(number.astype(np.float64), mean.astype(np.float32), count > 0)

    def closed_until_seconds(self, slots: Slots) -> NDArray[np.float64]:
        """Return the event time at which the newest closed bin of some sensors ends, [n]."""
        return np.asarray(self._newest[slots] * self.width_seconds, np.float64)

    def reset(self, slots: Slots) -> None:
        """Empty the view of some sensors."""
        self._newest[slots], self._due_since[slots] = _NEVER, np.inf
        self._held[slots] = self._total[slots] = self._count[slots] = 0

    def take(self, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the state of some sensors, for a snapshot."""
        state = {name: array[slots] for name, array in self._arrays().items()}
        state["width"] = np.full(len(slots), self.width_seconds)
        return state

    def put(self, slots: Slots, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state of some sensors by what `take` returned; of another horizon, begin anew."""
        self.reset(slots)
        if not state or not (np.asarray(state["width"]) == self.width_seconds).all():
            return
        for name, array in self._arrays().items():
            array[slots] = state[name]

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "newest": self._newest,
            "held": self._held,
            "total": self._total,
            "count": self._count,
            "due_since": self._due_since,
        }


def _packed(number: NDArray[np.float64], values: Floats, mask: Flags) -> BinSlice:
    """Move the bins that hold anything to the front of each sensor, in their order."""
    there = mask.any(axis=2)
    lengths = there.sum(axis=1)
    order = np.argsort(~there, axis=1, kind="stable")[:, : max(int(lengths.max(initial=0)), 1)]
    inside = np.arange(order.shape[1]) < lengths[:, None]
    picked = np.take_along_axis(mask, order[:, :, None], axis=1) & inside[:, :, None]
    return BinSlice(
        np.where(inside, np.take_along_axis(number, order, axis=1), 0.0),
        np.where(picked, np.take_along_axis(values, order[:, :, None], axis=1), np.float32(0.0)),
        picked,
        lengths.astype(np.int64),
    )


def binned(recording: Recording, bin_seconds: float, offset_seconds: float = 0.0) -> Recording:
    """Return a recording as one row for each bin that holds anything, each at the number of its bin.

    The last bin is left out: nobody knows whether it was full.

    Args:
        recording: rows of one sensor.
        bin_seconds: width of a bin.
        offset_seconds: move the grid by so much: other cuts of the same past to learn from.
    """
    number = np.floor((recording.times_seconds - offset_seconds) / bin_seconds)
    starts = np.flatnonzero(np.diff(number, prepend=np.nan) != 0)
    if len(starts) < 2:
        nothing = np.zeros((0, recording.values.shape[1]), np.float32)
        return Recording(recording.sensor, np.zeros(0), nothing)
    seen = np.isfinite(recording.values)
    total = np.add.reduceat(np.where(seen, recording.values, 0.0).astype(np.float64), starts, axis=0)
    count = np.add.reduceat(seen.astype(np.int64), starts, axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return Recording(recording.sensor, number[starts][:-1], mean[:-1].astype(np.float32))
