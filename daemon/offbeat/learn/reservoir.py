"""What is kept of a log that is too long to learn from all of it: the newest of each sensor, and stretches before.

Whole stretches are kept, never single rows: a gap that is only there because rows were left out is none of the
sensor's. Where one was left out a cut tells of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

STRETCHES = 8
"""About so many stretches are kept of what lies before the newest rows of a sensor."""

LEAST_ROWS = 128
"""A shorter stretch shows no window; of more sensors than have room for one, some are left out."""


ROOM_SHARE = 0.95
"""When there is no room left, so much of it is used afterwards."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of one sensor; attributes as of a recording.

    Attributes:
        times_seconds: [n].
        values: [n, C].
        cuts_seconds: times of the rows before which something was left out, ascending.
    """

    times_seconds: Doubles
    values: Floats
    cuts_seconds: Doubles


class Reservoir:
    """Rows of sensors up to a bound over all of them; who brings little keeps all of it.

    Args:
        most_rows: over all sensors.
    """

    def __init__(self, most_rows: int) -> None:
        self._most = most_rows
        self._sensors: dict[str, _Sensor] = {}
        self._rows = 0
        self._left_out: set[str] = set()

    @property
    def rows(self) -> int:
        """Rows that are held."""
        return self._rows

    @property
    def left_out(self) -> frozenset[str]:
        """Sensors that there was no room for."""
        return frozenset(self._left_out)

    def add(self, sensor: str, times_seconds: Doubles, values: Floats) -> None:
        """Take in the next rows of a sensor."""
        if sensor in self._left_out or not len(times_seconds):
            return
        own = self._sensors.setdefault(sensor, _Sensor())
        share = max(self._most // len(self._sensors), LEAST_ROWS)
        for start in range(0, len(times_seconds), LEAST_ROWS):
            part = slice(start, start + LEAST_ROWS)
            own.add(times_seconds[part], values[part], share)
        self._rows += len(times_seconds)
        if self._rows > self._most:
            self._make_room()

    def interrupt(self, sensor: str) -> None:
        """Say that something is left out before the next rows of a sensor."""
        if sensor in self._sensors:
            self._sensors[sensor].interrupt()

    def kept(self) -> dict[str, Kept]:
        """Return what is held, by sensor, in the order in which they were first heard."""
        return {sensor: own.kept() for sensor, own in self._sensors.items()}

    def _make_room(self) -> None:
        """Let those that have the most forget some, until there is room for a while."""
        while self._rows > ROOM_SHARE * self._most:
            largest = sorted(self._sensors.values(), key=lambda own: -own.rows)
            freed = sum(own.shrink() for own in largest[: max(len(largest) // 8, 1)])
            if not freed:  # all are as small as can be: the one with the least to learn from goes
                least = min(self._sensors, key=lambda sensor: (self._sensors[sensor].rows, sensor))
                freed = self._sensors.pop(least).rows
                self._left_out.add(least)
            self._rows -= freed


@dataclass(slots=True)
class _Block:
    times: Doubles
    values: Floats
    begins_anew: bool

    def __len__(self) -> int:
        return len(self.times)


class _Sensor:
    """Blocks of one sensor: the newest, and before them stretches of several blocks."""

    def __init__(self) -> None:
        self.rows = 0
        self._newest: deque[_Block] = deque()
        self._newest_rows = 0
        self._stretches: list[list[_Block]] = []
        self._pending: list[tuple[Doubles, Floats]] = []
        self._pending_rows = 0
        self._anew = False

    def add(self, times: Doubles, values: Floats, share: int) -> None:
        self._pending.append((times, values))
        self._pending_rows += len(times)
        self.rows += len(times)
        if self._pending_rows >= LEAST_ROWS:
            self._close_block()
        while self._newest_rows > share // 2 and len(self._newest) > 1:
            self._grow_old(share)

    def interrupt(self) -> None:
        self._close_block()
        self._anew = True

    def shrink(self) -> int:
        """Forget some rows; return how many: 0 when there is but one block."""
        if self._stretches:
            at = self._least_missed()
            freed = sum(map(len, self._stretches.pop(at)))
            self._begin_anew_at(at)
        elif len(self._newest) > 1:
            freed = len(self._newest.popleft())
            self._newest_rows -= freed
        else:
            return 0
        self.rows -= freed
        return freed

    def kept(self) -> Kept:
        self._close_block()
        blocks = [block for stretch in self._stretches for block in stretch] + list(self._newest)
        starts = [block.times.min() for block in blocks[1:] if block.begins_anew]
        return Kept(
            np.concatenate([block.times for block in blocks]),
            np.concatenate([block.values for block in blocks]),
            np.sort(np.array(starts, np.float64)),
        )

    def _close_block(self) -> None:
        if not self._pending:
            return
        times, values = zip(*self._pending, strict=True)
        self._newest.append(_Block(np.concatenate(times), np.concatenate(values), self._anew))
        self._newest_rows += self._pending_rows
        self._pending, self._pending_rows, self._anew = [], 0, False

    def _grow_old(self, share: int) -> None:
        """Take the oldest of the newest blocks into the stretches."""
        block = self._newest.popleft()
        self._newest_rows -= len(block)
        last = self._stretches[-1] if self._stretches else None
        if last is None or sum(map(len, last)) >= share // 2 // STRETCHES:
            self._stretches.append([block])
        else:
            last.append(block)

    def _least_missed(self) -> int:
        """Return the stretch that lies closest between others; the newest of them grows still."""
        starts = [stretch[0].times[0] for stretch in self._stretches]
        if len(starts) < 3:
            return 0
        between = np.array(starts[2:]) - np.array(starts[:-2])
        return 1 + int(np.argmin(between))

    def _begin_anew_at(self, at: int) -> None:
        """Mark what follows on a stretch that is gone."""
        if at < len(self._stretches):
            self._stretches[at][0].begins_anew = True
        elif self._newest:
            self._newest[0].begins_anew = True
        else:
            self._anew = True
