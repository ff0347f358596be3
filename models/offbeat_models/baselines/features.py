"""Features of a row for trees: its values and how they came about in time."""

from __future__ import annotations

import numpy as np

from offbeat_models.baselines.history import Floats, History, last_seen

MEAN_ROWS = 8
SMALLEST_GAP = np.float32(1e-3)


def features_per_row(channels: int) -> int:
    """Return F, the number of features of a row."""
    return 3 * channels + 1


def row_features(history: History) -> Floats:
    """Return the features of each history's last row, [N, 3C + 1].

    Each channel's value (the last one seen if it is not observed), its change since the value before, its mean over
    the last eight rows; then the log of the gap in median gaps.
    """
    now, _ = last_seen(history.x, history.mask)
    before, had = last_seen(history.x[:, :-1], history.mask[:, :-1])
    changed = history.mask[:, -1] & had
    recent = history.mask[:, -MEAN_ROWS:]
    count = recent.sum(axis=1)
    total = np.einsum("nkc->nc", np.ascontiguousarray(history.x[:, -MEAN_ROWS:] * recent))
    mean = np.where(count > 0, total / np.maximum(count, 1), now)
    log_gap = np.log(np.where(history.gap[:, -1] > 0, np.maximum(history.gap[:, -1], SMALLEST_GAP), 1.0))
    parts = [now, np.where(changed, now - before, 0.0), mean, log_gap[:, None]]
    return np.concatenate(parts, axis=1).astype(np.float32)
