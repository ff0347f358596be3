"""How large the means of the long view are: noise averages out in a bin, slow movement does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from offbeat.core.commission import Commission
from offbeat.core.long_view import BINS, binned, width_seconds
from offbeat.core.recording import Recording
from offbeat.core.streams.base import Floats
from offbeat_models.windows import robust_center_scale

LEAST_SCALE = 0.02
"""In scales of the readings: what averages out to less than this is as good as still."""

_FEWEST = BINS // 4


def fit(commission: Commission, recordings: Sequence[Recording], horizon_seconds: float) -> Floats:
    """Return the usual size of the bins' means in scales of the readings, float32 [R, C].

    Row 0, and who has too few bins or never moved, gets the sensors' median; 1 where nobody has any.

    Args:
        commission: with its normaliser; recordings[r] is its row r + 1.
        recordings: rows before the test period.
        horizon_seconds: of the long view.
    """
    own = np.full((len(recordings), len(commission.channels)), np.nan)
    for r, recording in enumerate(recordings):
        past = binned(recording, width_seconds(horizon_seconds))
        for c in range(own.shape[1]):
            seen = past.values[np.isfinite(past.values[:, c]), c].astype(np.float64)
            if len(seen) >= _FEWEST:
                size = robust_center_scale(seen)[1] / float(commission.scale[r + 1, c])
                own[r, c] = max(size, LEAST_SCALE) if size > 0 else np.nan
    known = np.isfinite(own)
    fleet = [np.median(own[known[:, c], c]) if known[:, c].any() else 1.0 for c in range(own.shape[1])]
    return np.concatenate([[fleet], np.where(known, own, fleet)]).astype(np.float32)
