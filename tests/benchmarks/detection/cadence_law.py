"""How unusual the pace of a sensor is, without a model: the newest gaps beside those of its own past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.cadence import SHORTEST_GAP_SECONDS
from offbeat.core.calibration import FrozenCalibration
from offbeat.replay.series import Series

GAPS = 8
"""Newest gaps whose mean is looked at."""

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class CadenceLaw:
    """Laws of the pace of some sensors, learnt from their past.

    Args:
        past: recordings, in time order.
    """

    def __init__(self, past: Sequence[Series]) -> None:
        self._usual = [float(np.mean(_log_gaps(one.times_seconds))) for one in past]
        self._row = {one.sensor: row for row, one in enumerate(past, start=1)}
        raw = [_away(one.times_seconds, usual)[:, None] for one, usual in zip(past, self._usual, strict=True)]
        self._law = FrozenCalibration.fit(raw, 1)

    def surprise(self, sensors: Sequence[Series], owner: Mapping[str, str]) -> list[Floats]:
        """Return -log10 of the chance of so unusual a pace at each row, by sensor; NaN before enough gaps.

        Args:
            sensors: to judge, in time order.
            owner: whose law a sensor is judged by; one that is not named is judged by its own.
        """
        return [self._of(one, self._row[owner.get(one.sensor, one.sensor)]) for one in sensors]

    def _of(self, one: Series, row: int) -> Floats:
        raw = _away(one.times_seconds, self._usual[row - 1])
        return self._law.surprise(np.full(len(raw), row, np.intp), raw[:, None])[:, 0]


def _away(times_seconds: Doubles, usual: float) -> Floats:
    """Return how far the mean log of the newest gaps is from the usual one, by row."""
    logs = _log_gaps(times_seconds)
    out = np.full(len(times_seconds), np.nan, np.float32)
    if len(logs) >= GAPS:
        out[GAPS:] = np.abs(np.lib.stride_tricks.sliding_window_view(logs, GAPS).mean(axis=1) - usual)
    return out


def _log_gaps(times_seconds: Doubles) -> Doubles:
    return np.log(np.maximum(np.diff(times_seconds), SHORTEST_GAP_SECONDS))
