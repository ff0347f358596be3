"""What the streams said about each recorded row, gathered by sensor for calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions, ScoredRows

Floats = NDArray[np.float32]
T = TypeVar("T", bound=np.generic)


class Collected:
    """Gathers raw stream values of one group's rows while recordings are played with `collect` on."""

    def __init__(self) -> None:
        self._rows: list[ScoredRows] = []

    def add(self, decisions: Decisions) -> None:
        """Take in what one call of the pipeline decided."""
        if decisions.scores is not None and len(decisions.scores):
            self._rows.append(decisions.scores)

    def raw(self, ids: Sequence[str]) -> dict[str, Floats]:
        """Return raw stream values [n, K] by sensor, in order of time; `ids` gives the sensor of a slot."""
        return self._by_sensor([rows.raw for rows in self._rows if rows.raw is not None], ids)

    def times_seconds(self, ids: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Return event times [n] by sensor, in order; `ids` gives the sensor of a slot."""
        return self._by_sensor([rows.time_seconds for rows in self._rows], ids)

    def _by_sensor(self, columns: list[NDArray[T]], ids: Sequence[str]) -> dict[str, NDArray[T]]:
        if not columns:
            return {}
        sensor = np.concatenate([rows.sensor for rows in self._rows])
        values = np.concatenate(columns)
        order = np.argsort(sensor, kind="stable")
        slots, starts = np.unique(sensor[order], return_index=True)
        parts = np.split(values[order], starts[1:])
        return {ids[slot]: part for slot, part in zip(slots.tolist(), parts, strict=True)}
