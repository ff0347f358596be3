"""What was learnt of one group when it was commissioned: arrays over sensors, frozen until the next training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.calibration import FrozenCalibration
from offbeat.core.streams.base import Arrays, Floats

@dataclass(frozen=True)
class Commission:
    """Normalisers, ridge weights and laws of one group over artifact rows R; row 0 = the fleet, for unknown sensors.

    It works before its calibrations are known (None): commissioning first learns the normaliser and the ridge, plays
    the recordings through the production streams, and then calibrates what they said.

    Attributes:
        channels: names, as in the group.
        sensors: ids; row r >= 1 belongs to sensors[r - 1].
        center, scale: of the robust normaliser, float32 [R, C]; scale > 0.
        constant: the channel never moved in the recording, bool [R, C].
        resolution: smallest step ever seen, float32 [R, C]; 0 where unknown.
        gap_unit_seconds: median gap, float64 [R]; > 0.
        rows_per_week: float64 [R]; > 0.
        streams: law of each stream's raw value over (row, `registry.STREAM_NAMES`).
        severity: law of the severity score F over (row, `registry.TRACKS`).
        alarm: law of the fused surprise g over (row, track): where the trailing calibration starts from.
        severity_run, alarm_run: mean length in rows of a run above the 98th percentile, float32 [R, Q].
    """

    channels: tuple[str, ...]
    sensors: tuple[str, ...]
    center: Floats
    scale: Floats
    constant: NDArray[np.bool_]
    resolution: Floats
    gap_unit_seconds: NDArray[np.float64]
    rows_per_week: NDArray[np.float64]
    streams: FrozenCalibration | None = None
    severity: FrozenCalibration | None = None
    alarm: FrozenCalibration | None = None
    severity_run: Floats | None = None
    alarm_run: Floats | None = None

    def row_of(self, sensor_id: str) -> int:
        """Return the row of a sensor, 0 if it is unknown."""
        raise NotImplementedError

    def normalise(self, row: NDArray[np.intp], values: Floats, mask: NDArray[np.bool_]) -> Floats:
        """Return robust z-scores, float32 [n, C]; 0 where not observed. Not squashed."""
        raise NotImplementedError

    def surprise(self, row: NDArray[np.intp], raw: Floats) -> Floats:
        """Return the surprise of each stream, float32 [n, K]; NaN where it has no opinion or no calibration."""
        raise NotImplementedError

    def alarm_p_value(self, row: NDArray[np.intp], budget_per_week: float) -> NDArray[np.float64]:
        """Return the p-value below which an episode opens so that the budget is kept, float64 [n, Q]."""
        raise NotImplementedError

    def score(self, row: NDArray[np.intp], severity: Floats, budget_per_week: float) -> Floats:
        """Return the score: surprise of F over the surprise at the budget's boundary, float32 [n, Q]; 1 = boundary."""
        raise NotImplementedError

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """Return every array by name, for an artifact (names of channels and sensors are kept beside)."""
        raise NotImplementedError

    @classmethod
    def from_tensors(cls, channels: tuple[str, ...], sensors: tuple[str, ...], tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        raise NotImplementedError
