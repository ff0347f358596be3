"""Which sensors what was learnt describes no more: what it calls strange, the last weeks call ordinary."""

from __future__ import annotations

import numpy as np

from offbeat.core.decisions import ScoredRows

WINDOW_ROWS = 2000.0
"""About so many of the newest rows of each sensor count."""

FEWEST_ROWS = 300.0
ORDINARY_P = 0.02
STRANGE_SCORE = 1.0
SHARE = 0.25
"""Of the rows, on which the two calibrations must disagree."""

LASTING_SECONDS = 3600.0


class DriftWatch:
    """Compares the frozen and the trailing calibration of the sensors of one group.

    A fault is strange to both for as long as the trailing calibration has not got used to it; so a disagreement that
    lasts is a change that came to stay, or one that was never learnt. Nothing is decided by it but when to train.

    Args:
        sensors: slots to make room for.
    """

    def __init__(self, sensors: int) -> None:
        self._rows = np.zeros(sensors, np.float32)
        self._strange = np.zeros(sensors, np.float32)
        self._since = np.full(sensors, np.inf)

    def note(self, rows: ScoredRows) -> None:
        """Take judged rows in."""
        known = np.isfinite(rows.score)
        slot = rows.sensor[known]
        disagree = (rows.score[known] >= STRANGE_SCORE) & (rows.p_value[known] >= ORDINARY_P)
        np.add.at(self._rows, slot, 1.0)
        np.add.at(self._strange, slot, disagree.astype(np.float32))
        full = np.unique(slot[self._rows[slot] > WINDOW_ROWS])
        self._rows[full] *= 0.5
        self._strange[full] *= 0.5

    def drifted(self, now: float) -> int:
        """Return how many sensors have drifted for long; to be asked again and again.

        Args:
            now: seconds, on a clock that goes on.
        """
        apart = (self._rows >= FEWEST_ROWS) & (self._strange > SHARE * self._rows)
        self._since = np.where(apart, np.minimum(self._since, now), np.inf)
        return int(np.count_nonzero(now - self._since >= LASTING_SECONDS))

    def forget(self) -> None:
        """Begin anew: another model is in service."""
        self._rows.fill(0.0)
        self._strange.fill(0.0)
        self._since.fill(np.inf)
