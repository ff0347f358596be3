"""Recordings played side by side on a virtual clock, as fast as the core can take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.readings import ReadingBatch
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from offbeat.replay.series import Series
from offbeat.replay.ticks import tick_times

ROWS_PER_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next on the virtual clock.

    Attributes:
        batches: readings that arrive, at most one batch a group.
        now_seconds: virtual time once they have arrived.
        tick: whether the pipeline is to be ticked at that time.
        played: rows played so far.
    """

    batches: tuple[ReadingBatch, ...]
    now_seconds: float
    tick: bool
    played: int


@dataclass(frozen=True, slots=True)
class Track:
    """One sensor being played.

    Attributes:
        series: what is played.
        group, slot: of the sensor in the directory.
        shift_seconds: virtual time = recorded time - shift; a whole number, so that nothing is rounded.
        end_seconds: virtual time at which its last row arrives.
    """

    series: Series
    group: int
    slot: int
    shift_seconds: float
    end_seconds: float

    @property
    def virtual_seconds(self) -> NDArray[np.float64]:
        """Virtual event times of the rows, in recorded order."""
        return self.series.times_seconds - self.shift_seconds


class Player:
    """Plays series side by side, each row arriving at its event time; identical in every run.

    A series whose recording does not overlap the others' by at least half is moved to a common start, else
    each batch would hold one sensor only. A row whose time steps back arrives with the row before it, late by
    as much. Ticks fall after batches and, geometrically denser at their start, inside long gaps, so that
    silence can be found between rows. A sensor whose recording has ended is no silent sensor: see `is_over`.

    Args:
        series: with rows; sensors of the same channels share a group.
        directory: gets the sensors, in this order.
        stride: most rows of a sensor in one batch.
        rows_per_batch: most rows of all sensors of one batch.
        silences: tick inside long gaps, too. Scores of rows do not need it, and thousands of sensors play many times
            as fast without.

    Raises:
        ConfigError: a series has no rows, or the directory is full or has no group of such channels.
    """

    def __init__(
        self,
        series: Sequence[Series],
        directory: SensorDirectory,
        stride: int = 16,
        rows_per_batch: int = ROWS_PER_BATCH,
        silences: bool = True,
    ) -> None:
        self._stride = stride
        self._rows_per_batch = rows_per_batch
        shifts = common_start_shifts(series)
        self.tracks = [_track(one, directory, shift) for one, shift in zip(series, shifts, strict=True)]
        self._by_sensor = {track.series.sensor: track for track in self.tracks}
        self._lay_out(silences)

    @property
    def rows(self) -> int:
        """Rows to be played."""
        return len(self._arrival)

    @property
    def start_seconds(self) -> float:
        """Virtual time at which the first row arrives."""
        return float(self._arrival[0]) if len(self._arrival) else 0.0

    def recorded_seconds(self, sensor: str, virtual_seconds: float) -> float:
        """Return the time in a sensor's recording that a virtual time stands for."""
        return virtual_seconds + self._by_sensor[sensor].shift_seconds

    def is_over(self, sensor: str, virtual_seconds: float) -> bool:
        """Tell whether a sensor's recording had ended by a virtual time: nothing later can be said of it."""
        return virtual_seconds > self._by_sensor[sensor].end_seconds

    def steps(self) -> Iterator[Step]:
        """Yield what happens, in order of virtual time."""
        begin = 0
        ends = np.searchsorted(self._arrival, self._ticks, side="right")
        for now, end in zip(self._ticks.tolist(), ends.tolist(), strict=True):
            while (cut := self._cut(begin, end)) < end:
                yield Step(self._batches(begin, cut), float(self._arrival[cut - 1]), tick=False, played=cut)
                begin = cut
            yield Step(self._batches(begin, end), now, tick=True, played=end)
            begin = end

    def _lay_out(self, silences: bool) -> None:
        """Sort the rows of all tracks by arrival; find which rows may not stand in one batch."""
        tracks = self.tracks
        counts = [len(track.series) for track in tracks]
        arrival = [np.maximum.accumulate(track.virtual_seconds) for track in tracks]
        number = np.repeat(np.arange(len(tracks)), counts)
        row = np.concatenate([np.arange(n) for n in counts]) if counts else np.zeros(0, np.intp)
        joined = np.concatenate(arrival) if arrival else np.zeros(0)
        order = np.lexsort((row, number, joined))
        self._arrival, self._track, self._row = joined[order], number[order], row[order]
        place = np.empty(len(order), np.intp)
        place[order] = np.arange(len(order))
        starts = np.cumsum([0, *counts[:-1]]) if counts else np.zeros(0, np.intp)
        # Place of the row that lies `stride` rows of the same sensor before: a batch that holds it must end
        # here.
        earlier = self._row - self._stride
        base = starts[self._track] if len(order) else starts
        self._earlier = np.where(earlier >= 0, place[np.maximum(base + earlier, 0)], -1)
        self._group = np.array([track.group for track in tracks], np.intp)
        self._slot = np.array([track.slot for track in tracks], np.int32)
        inside = arrival if silences else []
        self._ticks = tick_times(inside, self._arrival, self._stride * max(len(tracks), 1))

    def _cut(self, begin: int, end: int) -> int:
        """Return where a batch that begins at one row has to end."""
        end = min(end, begin + self._rows_per_batch)
        too_many = self._earlier[begin:end] >= begin
        return begin + int(np.argmax(too_many)) if too_many.any() else end

    def _batches(self, begin: int, end: int) -> tuple[ReadingBatch, ...]:
        if begin == end:
            return ()
        group = self._group[self._track[begin:end]]
        batches = []
        for g in np.unique(group).tolist():
            index = begin + np.flatnonzero(group == g)
            if (batch := self._batch(g, index, end)) is not None:
                batches.append(batch)
        return tuple(batches)

    def _batch(self, group: int, index: NDArray[np.intp], offset: int) -> ReadingBatch | None:
        track, row = self._track[index], self._row[index]
        channels = len(self.tracks[int(track[0])].series.channels)
        values = np.empty((len(index), channels), np.float32)
        times = np.empty(len(index))
        for t in np.unique(track).tolist():
            mine = track == t
            one = self.tracks[t]
            values[mine] = one.series.values[row[mine]]
            times[mine] = one.series.times_seconds[row[mine]] - one.shift_seconds
        at, channel = np.nonzero(np.isfinite(values))
        if not len(at):
            return None
        return ReadingBatch(
            group=group,
            sensor=self._slot[track[at]],
            channel=channel.astype(np.int16),
            time_seconds=times[at],
            value=values[at, channel],
            arrival_seconds=self._arrival[index[at]],
            offset=offset,
        )


def common_start_shifts(series: Sequence[Series]) -> list[float]:
    """Return by how many whole seconds each series has to be moved back to be played beside the others.

    Nothing is moved where all start within half of the median length: they were recorded together, and their
    order in time means something.
    """
    if not series:
        return []
    starts = np.array([one.times_seconds.min() if len(one) else np.inf for one in series])
    lengths = np.array([np.ptp(one.times_seconds) if len(one) else 0.0 for one in series])
    known = starts[np.isfinite(starts)]
    if not len(known) or np.ptp(known) <= 0.5 * float(np.median(lengths)):
        return [0.0] * len(series)
    first = np.floor(known.min())
    return [float(np.floor(start) - first) if np.isfinite(start) else 0.0 for start in starts]


def _track(series: Series, directory: SensorDirectory, shift_seconds: float) -> Track:
    if not len(series):
        raise ConfigError(
            f"{series.place or series.sensor}: no row is left to play; it ends before the test time"
        )
    group = next((i for i, g in enumerate(directory.groups) if g.channels == series.channels), None)
    if group is None:
        raise ConfigError(
            f"{series.place or series.sensor}: has the channels {', '.join(series.channels)}, which no model "
            f"was trained for; known are {' | '.join(g.name for g in directory.groups) or 'none'}"
        )
    slot = directory.admit(group, series.sensor)
    if slot < 0:
        raise ConfigError(
            f"{series.place or series.sensor}: the table of sensors is full at {directory.max_sensors}; "
            "raise limits.max_sensors"
        )
    end = float(series.times_seconds.max()) - shift_seconds
    return Track(series, group, slot, shift_seconds, end)
