"""Readings of one batch joined into rows: what happens before any window is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.readings import ReadingBatch

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """Rows of one batch, sorted by (sensor, time); a row holds the channels of one sensor at one instant.

    Attributes:
        sensor: slot, intp [R].
        time_seconds: float64 [R].
        values: float32 [R, C]; 0 where not observed.
        mask: bool [R, C].
        first: True where a row is its sensor's first in this batch, bool [R].
        duplicates: readings that repeat another one of the batch exactly.
        superseded: readings that met a larger value of their channel and instant in the batch.
    """

    sensor: NDArray[np.intp]
    time_seconds: NDArray[np.float64]
    values: Floats
    mask: Flags
    first: Flags
    duplicates: int
    superseded: int

    def part(self, which: Flags) -> JoinedRows:
        """Return some of the rows; what was counted is of the whole batch."""
        return JoinedRows(
            self.sensor[which],
            self.time_seconds[which],
            self.values[which],
            self.mask[which],
            self.first[which],
            self.duplicates,
            self.superseded,
        )


def ordered_bits(values: Floats) -> NDArray[np.int32]:
    """Return integers that order float32 values totally, -0.0 below 0.0; equal only for equal bits."""
    bits = np.ascontiguousarray(values).view(np.int32)
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def join(batch: ReadingBatch, channels: int) -> JoinedRows:
    """Return the rows of a batch; of several values of one channel at one instant the largest stays.

    Args:
        batch: finite readings in any order.
        channels: number of channels of the group.
    """
    sensor = batch.sensor.astype(np.intp)
    time = batch.time_seconds + 0.0  # makes -0.0 and 0.0 one instant
    order = np.lexsort((time, sensor) if channels == 1 else (batch.channel, time, sensor))
    if _repeats(sensor[order], time[order], batch.channel[order]).any():
        order = np.lexsort((ordered_bits(batch.value), batch.channel, time, sensor))
    sensor, time, channel, value = sensor[order], time[order], batch.channel[order], batch.value[order]

    duplicates = superseded = 0
    repeats = _repeats(sensor, time, channel)
    if repeats.any():
        key = ordered_bits(value)
        duplicates = int(np.count_nonzero(repeats & (key[1:] == key[:-1])))
        superseded = int(np.count_nonzero(repeats)) - duplicates
        largest = np.append(~repeats, True)  # runs are sorted by value: the last one stays
        sensor, time, channel, value = sensor[largest], time[largest], channel[largest], value[largest]

    first = _starts(sensor)
    begins = first.copy()
    begins[1:] |= time[1:] != time[:-1]
    row = np.cumsum(begins) - 1
    values = np.zeros((int(np.count_nonzero(begins)), channels), np.float32)
    mask = np.zeros(values.shape, np.bool_)
    values[row, channel] = value
    mask[row, channel] = True
    return JoinedRows(sensor[begins], time[begins], values, mask, first[begins], duplicates, superseded)


def _starts(sensor: NDArray[np.intp]) -> Flags:
    starts = np.ones(len(sensor), np.bool_)
    np.not_equal(sensor[1:], sensor[:-1], out=starts[1:])
    return starts


def _repeats(sensor: NDArray[np.intp], time: NDArray[np.float64], channel: NDArray[np.int16]) -> Flags:
    same = (sensor[1:] == sensor[:-1]) & (time[1:] == time[:-1]) & (channel[1:] == channel[:-1])
    return np.asarray(same, np.bool_)
