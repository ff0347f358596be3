"""Recordings as the model of the long view sees them: a row a bin, times in bins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from offbeat.core.commission import Commission
from offbeat.core.long_view import BINS, binned, width_seconds
from offbeat.core.recording import Recording
from offbeat_models.series import SensorSeries
from offbeat_models.windows import squash

CUTS = 4
"""A past is cut into bins in so many ways, each moved by a share of a bin: there is little of it to learn from."""

FEWEST_BINS = 2 * BINS
"""A recording of fewer bins shows nothing twice, and is not learnt from."""


def long_series(
    commission: Commission, recordings: Sequence[Recording], horizon_seconds: float
) -> list[SensorSeries]:
    """Return the recordings that reach over two horizons as bins, normalised by their rows and squashed.

    Args:
        commission: with its normaliser and the scale of the long view.
        recordings: rows before the test period.
        horizon_seconds: of the long view.
    """
    return [one for recording in recordings for one in _cuts(commission, recording, horizon_seconds)]


def _cuts(commission: Commission, recording: Recording, horizon_seconds: float) -> Iterator[SensorSeries]:
    assert commission.long_scale is not None
    width, row = width_seconds(horizon_seconds), commission.row_of(recording.sensor)
    for cut in range(CUTS):
        past = binned(recording, width, cut * width / CUTS)
        if len(past) < FEWEST_BINS:
            continue
        mask = np.isfinite(past.values)
        values = np.where(mask, past.values, np.float32(0.0))
        z = commission.normalise(np.full(len(past), row, np.intp), values, mask) / commission.long_scale[row]
        yield SensorSeries(row, past.times_seconds, squash(z), mask, 1.0)
