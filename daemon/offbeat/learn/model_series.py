"""Recordings in the units that a model sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offbeat.core.commission import Commission
from offbeat.core.recording import Recording
from offbeat_models.series import SensorSeries
from offbeat_models.windows import squash


def model_series(
    commission: Commission, recordings: Sequence[Recording], *, cut: bool = False
) -> list[SensorSeries]:
    """Return each recording normalised by its sensor's row and squashed, as the pipeline hands it to the scorer.

    Args:
        commission: with its normaliser.
        recordings: of its sensors.
        cut: give what lies between two cuts of a recording as a series of its own, so that no window reaches over one.
    """
    series = [_one(commission, recording) for recording in recordings]
    if not cut:
        return series
    return [
        part for one, recording in zip(series, recordings, strict=True) for part in _parts(one, recording)
    ]


def _parts(series: SensorSeries, recording: Recording) -> list[SensorSeries]:
    starts = [0, *np.flatnonzero(recording.after_cut).tolist()]
    return [series.part(a, b) for a, b in zip(starts, [*starts[1:], len(series)], strict=True)]


def _one(commission: Commission, recording: Recording) -> SensorSeries:
    row = commission.row_of(recording.sensor)
    mask = np.isfinite(recording.values)
    values = np.where(mask, recording.values, 0.0).astype(np.float32)
    z = commission.normalise(np.full(len(recording), row, np.intp), values, mask)
    return SensorSeries(
        row, recording.times_seconds, squash(z), mask, float(commission.gap_unit_seconds[row])
    )
