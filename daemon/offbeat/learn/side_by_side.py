"""Playing recordings through the cheap streams alone, all sensors side by side, row by row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.recording import Recording
from offbeat.core.streams.base import Round
from offbeat.core.streams.registry import CHEAP_NAMES, STREAM_NAMES, CheapStreams

Floats = NDArray[np.float32]


def cheap_raw(commission: Commission, recordings: Sequence[Recording]) -> dict[str, Floats]:
    """Return raw stream values [n, K] of each recording's rows, by sensor id; NaN for streams that need a model.

    Unlike the pipeline it hears a row in which nothing was observed: time goes on, and no stream has an opinion.

    Args:
        commission: with its normaliser, ridge and shape.
        recordings: of sensors of the group.
    """
    ordered = sorted(recordings, key=lambda one: -len(one))
    lengths = np.array([len(one) for one in ordered], np.intp)
    starts = np.cumsum([0, *lengths[:-1]]) if len(ordered) else lengths
    rows = np.array([commission.row_of(one.sensor) for one in ordered], np.intp)
    every = _Rows.of(commission, ordered, rows)
    streams = CheapStreams(commission, len(ordered))
    raw = np.full((int(lengths.sum()), len(STREAM_NAMES)), np.nan, np.float32)
    for step in range(int(lengths.max(initial=0))):
        # Longest first: those that still have a row are in front.
        here = np.arange(int(np.count_nonzero(lengths > step)))
        at = starts[here] + step
        raw[at, : len(CHEAP_NAMES)] = streams.update(every.round(here, rows[here], at))
    return {
        one.sensor: raw[start : start + len(one)] for one, start in zip(ordered, starts.tolist(), strict=True)
    }


class _Rows:
    """The rows of all recordings, one recording after the other, as rounds are made of them."""

    def __init__(
        self, commission: Commission, time: NDArray[np.float64], gap: NDArray[np.float64], relative: Floats
    ) -> None:
        self._commission = commission
        self._time, self._gap, self._relative = time, gap, relative
        self._raw = self._z = np.zeros((0, 0), np.float32)
        self._mask = np.zeros((0, 0), np.bool_)

    @classmethod
    def of(cls, commission: Commission, recordings: Sequence[Recording], rows: NDArray[np.intp]) -> _Rows:
        nothing = np.zeros(0)
        time = np.concatenate([nothing, *(one.times_seconds for one in recordings)])
        gap = np.concatenate([nothing, *(np.diff(one.times_seconds, prepend=np.nan) for one in recordings)])
        row = np.repeat(rows, [len(one) for one in recordings])
        every = cls(commission, time, gap, (gap / commission.gap_unit_seconds[row]).astype(np.float32))
        none = np.zeros((0, len(commission.channels)), np.float32)
        values = np.concatenate([none, *(one.values for one in recordings)])
        every._mask = np.isfinite(values)
        every._raw = np.where(every._mask, values, np.float32(0.0)).astype(np.float32)
        every._z = commission.normalise(row, every._raw, every._mask)
        return every

    def round(self, sensor: NDArray[np.intp], row: NDArray[np.intp], at: NDArray[np.intp]) -> Round:
        """Return the rows at some places as a round."""
        return Round(
            sensor=sensor,
            row=row,
            time_seconds=self._time[at],
            gap=self._relative[at],
            gap_seconds=self._gap[at],
            raw=self._raw[at],
            z=self._z[at],
            mask=self._mask[at],
            center=self._commission.center[row],
            constant=self._commission.constant[row],
            still=self._commission.constant[row],
        )
