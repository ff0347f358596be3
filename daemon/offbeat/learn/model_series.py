"""Recordings in the units that a model sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offbeat.core.commission import Commission
from offbeat.core.recording import Recording
from offbeat_models.series import SensorSeries
from offbeat_models.windows import squash


def model_series(commission: Commission, recordings: Sequence[Recording]) -> list[SensorSeries]:
    """Return each recording normalised by its sensor's row and squashed, as the pipeline hands it to the scorer."""
    return [_one(commission, recording) for recording in recordings]


def _one(commission: Commission, recording: Recording) -> SensorSeries:
    row = commission.row_of(recording.sensor)
    mask = np.isfinite(recording.values)
    values = np.where(mask, recording.values, 0.0).astype(np.float32)
    z = commission.normalise(np.full(len(recording), row, np.intp), values, mask)
    return SensorSeries(
        row, recording.times_seconds, squash(z), mask, float(commission.gap_unit_seconds[row])
    )
