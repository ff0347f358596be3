"""What the timer of silence would have said just before each row: the law of gaps, asked in retrospect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.cadence import Cadence
from offbeat.core.rows import Rows
from offbeat.core.silence import SHORTEST_SILENCE
from offbeat.replay.series import Series

_AT_ONCE = 20_000


class SilenceLaw:
    """Laws of the gaps of some sensors, learnt from their past.

    Args:
        past: recordings, in time order.
    """

    def __init__(self, past: Sequence[Series]) -> None:
        self._slot = {one.sensor: slot for slot, one in enumerate(past)}
        self._cadence = Cadence(len(past))
        for slot, one in enumerate(past):
            self._cadence.update(_rows(slot, one.times_seconds))
        self._mean = np.array([float(np.ptp(one.times_seconds)) / max(len(one) - 1, 1) for one in past])

    def surprise(self, sensors: Sequence[Series], owner: Mapping[str, str]) -> list[NDArray[np.float32]]:
        """Return -log10 of the chance of so long a gap before each row, by sensor; 0 for gaps of usual length."""
        slot = np.concatenate(
            [np.full(len(one), self._slot[owner.get(one.sensor, one.sensor)]) for one in sensors]
        )
        gaps = np.concatenate([np.diff(one.times_seconds, prepend=np.nan) for one in sensors])
        long = np.flatnonzero(gaps > SHORTEST_SILENCE * self._mean[slot])
        out = np.zeros(len(gaps), np.float32)
        for begin in range(0, len(long), _AT_ONCE):
            part = long[begin : begin + _AT_ONCE]
            out[part] = -np.log10(self._cadence.survival(slot[part], gaps[part]))
        return np.split(out, np.cumsum([len(one) for one in sensors])[:-1])


def _rows(slot: int, times_seconds: NDArray[np.float64]) -> Rows:
    count = len(times_seconds)
    return Rows(
        group=0,
        sensor=np.full(count, slot, np.int32),
        time_seconds=times_seconds,
        gap_seconds=np.diff(times_seconds, prepend=np.nan),
        values=np.zeros((count, 1), np.float32),
        mask=np.ones((count, 1), np.bool_),
        rank=np.arange(count, dtype=np.int32),
        offset=0,
    )
