"""Rings of rows over all sensors of a group: in time order, searched and shifted for many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.joining import Flags, Floats

Slots = NDArray[np.intp]
Times = NDArray[np.float64]
Places = NDArray[np.int64]


class Rings:
    """One ring of at most W rows a sensor, ascending in time, in slabs reserved at once.

    The system commits the memory of a slab as its sensors appear. A row's `place` counts from its sensor's
    oldest row; its `cell` is where that is in the slab.

    Args:
        sensors: number of rings.
        readings: rows a ring holds, W.
        channels: values of a row, C.
    """

    def __init__(self, sensors: int, readings: int, channels: int) -> None:
        self.sensors = sensors
        self.readings = readings
        self.channels = channels
        self.times = np.zeros((sensors, readings), np.float64)
        self.values = np.zeros((sensors, readings, channels), np.float32)
        self.mask = np.zeros((sensors, readings, channels), np.bool_)
        self.counts = np.zeros(sensors, np.int64)
        self.last_time = np.full(sensors, -np.inf)
        self._start = np.zeros(sensors, np.int64)  # cell of each sensor's oldest row

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes, were every sensor there."""
        slabs = self.times.nbytes + self.values.nbytes + self.mask.nbytes
        return slabs + self.counts.nbytes + self.last_time.nbytes + self._start.nbytes

    def cells(self, slot: Slots, place: Places) -> Places:
        """Return the cells of places; the two broadcast."""
        cells: Places = (self._start[slot] + place) % self.readings
        return cells

    def places(self, slot: Slots, time_seconds: Times) -> Places:
        """Return how many rows of each ring are older than a time: a binary search in many rings at once."""
        low, high = np.zeros(len(slot), np.int64), self.counts[slot]
        for _ in range(self.readings.bit_length()):
            middle = (low + high) >> 1
            older = (self.times[slot, self.cells(slot, middle)] < time_seconds) & (low < high)
            low = np.where(older, middle + 1, low)
            high = np.where(older, high, middle)
        return low

    def holds(self, slot: Slots, place: Places, time_seconds: Times) -> Flags:
        """Return whether the row at a place is of exactly this time."""
        there = self.times[slot, self.cells(slot, place)] == time_seconds
        return np.asarray(there & (place < self.counts[slot]), np.bool_)

    def add(self, slot: Slots, before: Places, time_seconds: Times, values: Floats, mask: Flags) -> Flags:
        """Put new rows into their rings, each before the row at place `before`.

        With k rows put into a ring of n, row i moves up by the number of new rows before it; what then lies
        below n + k - W is dropped, be it an old row or a new one.

        Args:
            slot: ascending, [R].
            before: what `places` says of the row's time, [R].
            time_seconds: in no ring yet; ascending for each slot, [R].
            values: [R, C].
            mask: [R, C].

        Returns:
            Which of the rows found a place, [R].
        """
        if not len(slot):
            return np.zeros(0, np.bool_)
        begin = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
        each = np.diff(np.r_[begin, len(slot)])
        owner = slot[begin]
        count = self.counts[owner]
        dropped = np.maximum(count + each - self.readings, 0)
        place = before + np.arange(len(slot)) - np.repeat(begin, each)
        self._make_room(slot, before, begin, dropped)
        kept = place >= np.repeat(dropped, each)
        slot, cell = slot[kept], self.cells(slot[kept], place[kept])
        self.times[slot, cell] = time_seconds[kept]
        self.values[slot, cell] = values[kept]
        self.mask[slot, cell] = mask[kept]
        self.counts[owner] = count + each - dropped
        self._start[owner] = (self._start[owner] + dropped) % self.readings
        self.last_time[owner] = np.maximum(self.last_time[owner], time_seconds[begin + each - 1])
        return np.asarray(kept, np.bool_)

    def clear(self, slots: Slots) -> None:
        """Empty some rings."""
        self.counts[slots], self._start[slots], self.last_time[slots] = 0, 0, -np.inf

    def _make_room(self, slot: Slots, before: Places, begin: NDArray[np.intp], dropped: Places) -> None:
        """Move up the rows behind the first new one of each ring: none where new rows are the newest."""
        owner, first = slot[begin], before[begin]
        tails = self.counts[owner] - first
        if not tails.any():
            return
        which = np.repeat(np.arange(len(owner)), tails)
        place = np.arange(len(which)) + np.repeat(first - (np.cumsum(tails) - tails), tails)
        # One ascending key over all rings, so that a single search counts the new rows before each old one.
        each = np.diff(np.r_[begin, len(slot)])
        stride = self.readings + 1
        keys = np.repeat(np.arange(len(owner)), each) * stride + before
        target = place + np.searchsorted(keys, which * stride + place, side="right") - begin[which]
        stays = target >= dropped[which]
        moving = owner[which[stays]]
        source, target = self.cells(moving, place[stays]), self.cells(moving, target[stays])
        for slab in (self.times, self.values, self.mask):
            slab[moving, target] = slab[moving, source]
