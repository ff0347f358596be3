"""Readings for tests: written down sensor by sensor, handed over as batches in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from offbeat.core.readings import ReadingBatch


class Readings:
    """Collects readings of one group and cuts them into batches.

    Args:
        group: index of the group.
        offset: position in the log before the first reading; each reading takes one.
    """

    def __init__(self, group: int = 0, offset: int = 0) -> None:
        self.group = group
        self._offset = offset
        self._columns: list[tuple[NDArray[Any], ...]] = []

    def add(
        self,
        sensor: int,
        times_seconds: ArrayLike,
        values: ArrayLike,
        channel: int = 0,
        arrival_seconds: ArrayLike | None = None,
    ) -> Self:
        """Add readings of one channel of a sensor.

        Args:
            sensor: slot.
            times_seconds: event times.
            values: as many; a NaN leaves its reading out.
            channel: index of the channel.
            arrival_seconds: log times; the event times if not given.
        """
        times = np.atleast_1d(np.asarray(times_seconds, np.float64))
        measured = np.broadcast_to(np.asarray(values, np.float32), times.shape)
        arrival = times if arrival_seconds is None else np.asarray(arrival_seconds, np.float64)
        there = np.isfinite(measured)
        arrival = np.broadcast_to(arrival, times.shape)[there]
        n = int(there.sum())
        slot, index = np.full(n, sensor, np.int32), np.full(n, channel, np.int16)
        self._columns.append((slot, index, times[there], measured[there], arrival))
        return self

    def add_rows(self, sensor: int, times_seconds: ArrayLike, rows: ArrayLike) -> Self:
        """Add rows of all channels of a sensor, [n, C]; a NaN leaves its reading out."""
        table = np.asarray(rows, np.float32)
        for channel in range(table.shape[1]):
            self.add(sensor, times_seconds, table[:, channel], channel)
        return self

    def batches(self, size: int = 2000) -> list[ReadingBatch]:
        """Return everything in order of arrival, at most `size` readings a batch."""
        if not self._columns:
            return []
        sensor, channel, time, value, arrival = (np.concatenate(c) for c in zip(*self._columns, strict=True))
        order = np.argsort(arrival, kind="stable")
        out = []
        for start in range(0, len(order), size):
            part = order[start : start + size]
            end = self._offset + start + len(part)
            out.append(
                ReadingBatch(
                    self.group, sensor[part], channel[part], time[part], value[part], arrival[part], end
                )
            )
        return out

    def batch(self) -> ReadingBatch:
        """Return everything as one batch."""
        (only,) = self.batches(size=sum(len(c[0]) for c in self._columns))
        return only


def joined(batches: Sequence[ReadingBatch]) -> ReadingBatch:
    """Return batches of one group as one."""
    columns = ("sensor", "channel", "time_seconds", "value", "arrival_seconds")
    parts = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in columns}
    return ReadingBatch(group=batches[0].group, offset=batches[-1].offset, **parts)
