"""Irregular readings laid on a grid of even ticks: the last values of every channel, a tick apart, causally.

A row falls on the tick that is nearest to it. What two readings leave empty between them is interpolated once the
second is known; until then the last value is held. Several readings on one tick: the last one stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats

MOST_LAGS = 32
FEWEST_LAGS = 4
MOST_CELLS = 384
"""Lags times channels: what a basis over them costs grows with it."""

_LONGEST = np.float32(1e6)
_OLDEST = 250
"""Ages are counted up to here; every patience is below."""

Slots = NDArray[np.intp]
Bools = NDArray[np.bool_]


def lags_of(channels: int) -> int:
    """Return the ticks that are looked at together: 32, fewer where there are more than 12 channels."""
    return int(np.clip(MOST_CELLS // channels, FEWEST_LAGS, MOST_LAGS))


@dataclass(frozen=True, slots=True)
class Glance:
    """What the grids of some sensors hold, newest tick first.

    Attributes:
        cells: float32 [n, lags * C]; the channels of a tick stand together.
        age: ticks since each channel was observed, 0 = on the newest tick, [n, C]; 250 = never, or long ago.
        full: every tick is filled, and no gap was as long as the whole grid, bool [n].
    """

    cells: Floats
    age: NDArray[np.uint8]
    full: Bools


class TimeGrid:
    """The grids of a group's sensors, as a ring over ticks. O(1) a reading but for the copy that is looked at.

    Args:
        sensors: slots to make room for.
        channels: of each.
    """

    def __init__(self, sensors: int, channels: int) -> None:
        lags = lags_of(channels)
        self._lags = lags
        self._back = np.arange(lags, dtype=np.intp)
        self._cells = np.zeros((sensors, lags, channels), np.float32)
        self._head = np.zeros(sensors, np.uint8)
        self._phase = np.zeros(sensors, np.float32)
        self._filled = np.zeros(sensors, np.uint8)
        self._heard = np.zeros((sensors, channels), np.uint8)
        """1 + ticks since the channel was observed; 0 = never."""

    def update(self, slot: Slots, ticks: Floats, value: Floats, mask: Bools) -> Glance:
        """Take a round in, each sensor once, and return what its grids hold then.

        Args:
            slot: sensors [n].
            ticks: time since the sensor's row before in ticks [n]; NaN for a first row.
            value: [n, C]; not read where not observed.
            mask: True where observed [n, C].
        """
        first = np.isnan(ticks)
        total = self._phase[slot] + np.where(first, np.float32(0.0), np.minimum(ticks, _LONGEST))
        moved = np.floor(total + np.float32(0.5))
        broken = ticks >= self._lags
        self._phase[slot] = np.where(broken, np.float32(0.0), total - moved)
        moved = np.minimum(moved, self._lags).astype(np.intp)
        head = (self._head[slot] + moved) % self._lags
        self._head[slot] = head
        filled = np.where(broken, 1, np.maximum(np.minimum(self._filled[slot] + moved, self._lags), 1))
        self._filled[slot] = filled
        heard = self._heard[slot]
        age = np.where(heard > 0, np.minimum(heard + moved[:, None], _OLDEST), 0)
        self._write(slot, head, moved, age, value, mask)
        heard = np.where(mask, 1, age)
        self._heard[slot] = heard
        back = (head[:, None] - self._back) % self._lags
        cells = self._cells[slot[:, None], back].reshape(len(slot), self._lags * self._cells.shape[2])
        last = np.where(heard > 0, heard - 1, _OLDEST).astype(np.uint8)
        return Glance(cells, last, filled >= self._lags)

    def _write(
        self, slot: Slots, head: Slots, moved: Slots, age: NDArray[np.intp], value: Floats, mask: Bools
    ) -> None:
        """Write the new ticks of every channel: interpolated where it was observed, else held.

        Args:
            slot: sensors [n].
            head: their newest tick [n].
            moved: how many ticks are new [n].
            age: 1 + ticks between the channel's last value and the newest tick [n, C]; 0 = there was none.
            value: as in `update`.
            mask: as in `update`.
        """
        newest = self._cells[slot, (head - moved) % self._lags]
        value = np.where(mask, value, newest)
        span = np.where(mask, np.maximum(age - 1, 0), moved[:, None])
        never = mask & (age == 0)
        if never.any():  # as if it had always read so
            newest = np.where(never, value, newest)
            span[never] = self._lags
        self._cells[slot, head] = value
        longest = span.max(axis=1, initial=0)
        last = np.where(mask, newest, value)
        for back in range(1, min(int(longest.max(initial=0)), self._lags)):
            late = np.flatnonzero(longest > back)
            at, here = span[late], (slot[late], (head[late] - back) % self._lags)
            share = np.float32(back) / np.maximum(at, 1).astype(np.float32)
            between = value[late] + (last[late] - value[late]) * share
            self._cells[here] = np.where(at > back, between, self._cells[here])

    def reset(self, sensor: Slots) -> None:
        """Forget what these sensors read."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return cells [S, lags, C], heads, phases and fillings [S], and when channels were heard [S, C]."""
        return {
            "cells": self._cells,
            "head": self._head,
            "phase": self._phase,
            "filled": self._filled,
            "heard": self._heard,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        for name, array in self.arrays().items():
            array[: len(arrays[name])] = arrays[name]


def glances(value: Floats, ticks: Floats, rows: Slots) -> Glance:
    """Return what the grid of one sensor holds at some of its rows, from a whole recording at once.

    The same as `TimeGrid` says where every channel is in every row. Where channels take turns, a tick here may
    already be interpolated towards a reading that comes after the row.

    Args:
        value: [N, C], NaN = not observed.
        ticks: time since the row before [N]; NaN for the first.
        rows: which rows, ascending [n].
    """
    lags, channels = lags_of(value.shape[1]), value.shape[1]
    tick, begun = _ticks(ticks, lags)
    now = tick[rows]
    series = np.zeros((int(tick[-1]) + 1, channels), np.float32)
    newest, age = np.zeros((len(rows), channels), np.float32), np.full((len(rows), channels), _OLDEST)
    for c in range(channels):
        seen = np.flatnonzero(np.isfinite(value[:, c]))
        if not len(seen):
            continue
        # Of several readings on one tick the last one stays; what leads up to the tick was led to the first.
        series[:, c] = np.interp(np.arange(len(series)), tick[seen], value[seen, c])
        before = np.searchsorted(seen, rows, side="right") - 1
        last = seen[np.maximum(before, 0)]
        newest[:, c] = value[last, c]
        age[:, c] = np.where(before >= 0, np.minimum(now - tick[last], _OLDEST), _OLDEST)
    cells = series[now[:, None] - np.arange(lags)]
    cells[:, 0] = newest
    return Glance(
        cells.reshape(len(rows), -1), age.astype(np.uint8), np.asarray(now - begun[rows] >= lags - 1)
    )


def _ticks(ticks: Floats, lags: int) -> tuple[Slots, Slots]:
    """Return the tick of each row, and the one at which its grid was begun; both [N].

    A gap as long as the grid begins it anew, and is taken as just that long.
    """
    step = np.where(np.isnan(ticks), 0.0, ticks).astype(np.float64)
    broken = step >= lags
    elapsed = np.cumsum(np.where(broken, 0.0, step))
    rows = np.arange(len(step))
    start = np.maximum.accumulate(np.where(broken, rows, 0))
    phase = np.floor(elapsed - elapsed[start] + 0.5).astype(np.intp)
    ends = np.append(phase[:-1], 0)[np.maximum(rows - 1, 0)]  # the tick of the row before, in its own part
    begun = lags + np.cumsum(np.where(broken, ends + lags, 0))
    return begun + phase, begun
