"""What the streams said about each recorded row, gathered by sensor for calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions, ScoredRows

Floats = NDArray[np.float32]


class Collected:
    """Gathers raw stream values, g and F of one group's rows while recordings are played with `collect` on."""

    def __init__(self) -> None:
        self._rows: list[ScoredRows] = []

    def add(self, decisions: Decisions) -> None:
        """Take in what one call of the pipeline decided."""
        if decisions.scores is not None and len(decisions.scores):
            self._rows.append(decisions.scores)

    def by_sensor(self, column: str, ids: Sequence[str]) -> dict[str, Floats]:
        """Return one collected column of `ScoredRows` ("raw", "fused", "severity") by sensor, in order of time.

        Args:
            column: which one.
            ids: sensor id by slot.
        """
        if not self._rows:
            return {}
        sensor = np.concatenate([rows.sensor for rows in self._rows])
        values = np.concatenate([getattr(rows, column) for rows in self._rows])
        order = np.argsort(sensor, kind="stable")
        slots, starts = np.unique(sensor[order], return_index=True)
        parts = np.split(values[order], starts[1:])
        return {ids[slot]: part for slot, part in zip(slots.tolist(), parts, strict=True)}
