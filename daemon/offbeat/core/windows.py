"""The windows of one group's sensors, and the join that makes them independent of order and repetition.

A window is the top W rows of its sensor by time. Of several values of one channel at one instant the largest
stays. Both are joins (commutative, associative, idempotent), so a window is a function of the set of
readings: their order, repetition and division into batches do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.joining import Flags, Floats, JoinedRows, join, ordered_bits
from offbeat.core.readings import ReadingBatch
from offbeat.core.rings import Places, Rings, Slots, Times
from offbeat.core.rows import Rows


@dataclass(frozen=True, slots=True)
class Insertion:
    """What became of a batch.

    Its readings = cells of `rows` + duplicates + late + reordered + superseded.

    Attributes:
        rows: what moves sensors forward in time, for the streams.
        duplicates: readings that were there before.
        late: readings older than everything in a full window; dropped.
        reordered: readings put into the past of their window.
        superseded: readings of a channel and instant that already had another value; the larger one stayed.
        past: what was put into the past of windows, for who looks further back than the newest row; None if
            nothing was. Only channels that were not there before are marked as observed.
    """

    rows: Rows
    duplicates: int
    late: int
    reordered: int
    superseded: int
    past: JoinedRows | None = None


@dataclass(frozen=True, slots=True)
class WindowSlice:
    """The newest rows of n sensors, ascending in time, right padded with zeros.

    Attributes:
        times_seconds: float64 [n, L].
        values: float32 [n, L, C]; 0 where not observed.
        mask: bool [n, L, C].
        lengths: int64 [n]; 0 for a sensor without rows.
    """

    times_seconds: Times
    values: Floats
    mask: Flags
    lengths: NDArray[np.int64]


class Windows:
    """The windows of one group. Memory is reserved here and committed by the system as sensors appear.

    Args:
        sensors: largest number of sensors of the group.
        readings: rows a window holds, W.
        channels: channels of the group, C.
    """

    def __init__(self, sensors: int, readings: int, channels: int) -> None:
        self.sensors = sensors
        self.readings = readings
        self.channels = channels
        self._rings = Rings(sensors, readings, channels)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows in each window, [S]; read only."""
        return self._rings.counts

    @property
    def last_time(self) -> Times:
        """Time of each sensor's newest row, [S]; -inf without rows; read only."""
        return self._rings.last_time

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes, were every sensor there."""
        return self._rings.nbytes

    def insert(self, batch: ReadingBatch) -> Insertion:
        """Join a batch into the windows.

        Args:
            batch: finite readings of this group in any order.
        """
        rings = self._rings
        joined = join(batch, self.channels)
        slot, time = joined.sensor, joined.time_seconds
        last = rings.last_time[slot]
        place = rings.counts[slot]
        fresh, known = joined.mask.copy(), np.zeros(len(slot), np.bool_)
        same = other = late = reordered = 0
        behind = time <= last
        if behind.any():
            place[behind] = rings.places(slot[behind], time[behind])
            known[behind] = rings.holds(slot[behind], place[behind], time[behind])
            same, other = self._merge(joined, known, place, fresh)
        new = ~known
        kept = known.copy()
        kept[new] = rings.add(slot[new], place[new], time[new], joined.values[new], joined.mask[new])
        past, put_back = time < last, None
        if past.any():
            late = int(np.count_nonzero(joined.mask[past & ~kept]))
            reordered = int(np.count_nonzero(fresh[past & kept]))
            put_back = replace(joined.part(past & kept), mask=fresh[past & kept]) if reordered else None
        return Insertion(
            _forward_rows(batch, joined, fresh, last),
            duplicates=joined.duplicates + same,
            late=late,
            reordered=reordered,
            superseded=joined.superseded + other,
            past=put_back,
        )

    def latest(self, sensor: Slots, length: int, span_seconds: Times | float | None = None) -> WindowSlice:
        """Return the newest rows of sensors, at most `length` each and no wider than the window.

        Args:
            sensor: slots, [n].
            length: rows at most; the second axis of the answer is min(length, W).
            span_seconds: leave out rows this much older than the sensor's newest; [n], or one for all.
        """
        rings = self._rings
        width = min(length, self.readings)
        count = rings.counts[sensor]
        lengths = np.minimum(count, width)
        if span_seconds is not None:
            oldest = rings.places(sensor, rings.last_time[sensor] - span_seconds)
            lengths = np.minimum(lengths, count - oldest)
        step = np.arange(width)
        inside = step < lengths[:, None]
        slot = sensor[:, None]
        cell = rings.cells(slot, (count - lengths)[:, None] + step)
        return WindowSlice(
            np.where(inside, rings.times[slot, cell], 0.0),
            np.where(inside[:, :, None], rings.values[slot, cell], np.float32(0.0)),
            inside[:, :, None] & rings.mask[slot, cell],
            lengths,
        )

    def take(self, slots: Slots) -> dict[str, NDArray[np.generic]]:
        """Return copies of some windows for a snapshot; equal windows give equal arrays."""
        rows = self.latest(slots, self.readings)
        return {"times": rows.times_seconds, "values": rows.values, "mask": rows.mask, "counts": rows.lengths}

    def put(self, slots: Slots, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace some windows by what `take` returned; of wider windows the newest rows are kept.

        Raises:
            ValueError: the arrays are of another number of sensors or channels.
        """
        counts = np.asarray(arrays["counts"], np.int64)
        found, expected = arrays["values"].shape, (len(slots), arrays["times"].shape[1], self.channels)
        if found != expected:
            raise ValueError(
                f"Windows of shape {found} (sensors, readings, channels) do not fit {expected}: the snapshot "
                f"is of another configuration. Restore it with the channels it has, or start without it."
            )
        width = min(self.readings, found[1])
        source = np.maximum(counts - self.readings, 0)[:, None] + np.arange(width)
        which = np.arange(len(slots))[:, None]
        self.reset(slots)
        rings = self._rings
        rings.times[slots, :width] = arrays["times"][which, source]
        rings.values[slots, :width] = arrays["values"][which, source]
        rings.mask[slots, :width] = arrays["mask"][which, source]
        rings.counts[slots] = kept = np.minimum(counts, self.readings)
        some, newest = slots[kept > 0], kept[kept > 0] - 1
        rings.last_time[some] = rings.times[some, newest]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of all windows, as `take` does."""
        return self.take(np.arange(self.sensors))

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace all windows by what `arrays` returned."""
        self.put(np.arange(self.sensors), arrays)

    def reset(self, slots: Slots) -> None:
        """Empty some windows."""
        self._rings.clear(slots)

    def _merge(self, joined: JoinedRows, known: Flags, place: Places, fresh: Flags) -> tuple[int, int]:
        """Join rows into rows of the same instant; clear `fresh` where a channel was there before.

        Returns:
            How many readings were there before, and how many met another value.
        """
        rings, slot = self._rings, joined.sensor[known]
        cell = rings.cells(slot, place[known])
        values, mask = joined.values[known], joined.mask[known]
        old_values, old_mask = rings.values[slot, cell], rings.mask[slot, cell]
        key, old_key = ordered_bits(values), ordered_bits(old_values)
        wins = mask & (~old_mask | (key > old_key))
        rings.values[slot, cell] = np.where(wins, values, old_values)
        rings.mask[slot, cell] = mask | old_mask
        fresh[known] &= ~old_mask
        both = mask & old_mask
        same = int(np.count_nonzero(both & (key == old_key)))
        return same, int(np.count_nonzero(both)) - same


def _forward_rows(batch: ReadingBatch, joined: JoinedRows, fresh: Flags, last: Times) -> Rows:
    time = joined.time_seconds
    forward = np.flatnonzero((time > last) | ((time == last) & fresh.any(axis=1)))
    before = np.where(joined.first, -np.inf, np.roll(time, 1))
    gap = time[forward] - np.maximum(before, last)[forward]
    sensor = joined.sensor[forward]
    index = np.arange(len(sensor))
    starts = np.ones(len(sensor), np.bool_)
    np.not_equal(sensor[1:], sensor[:-1], out=starts[1:])
    rank = index - np.maximum.accumulate(np.where(starts, index, 0))
    mask = fresh[forward]
    return Rows(
        group=batch.group,
        sensor=sensor.astype(np.int32),
        time_seconds=time[forward],
        gap_seconds=np.where(np.isfinite(gap), gap, np.nan),
        values=np.where(mask, joined.values[forward], np.float32(0.0)),
        mask=mask,
        rank=rank.astype(np.int32),
        offset=batch.offset,
    )
