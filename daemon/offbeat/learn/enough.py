"""How much of a sensor a training asks for before it learns laws of its own, and which sensors had less."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.config.settings import LearningSettings
from offbeat.core.counted import counted
from offbeat.learn.learning_policy import FEWEST_READINGS, SLOW_SECONDS

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Enough:
    """What a training asks of a sensor.

    Attributes:
        readings: to learn from, at least.
        slow_readings: of a slow sensor, one that brought them over `slow_seconds`.
        slow_seconds: after which fewer readings are enough.
    """

    readings: int
    slow_readings: int = 2
    slow_seconds: float = math.inf

    @classmethod
    def of(cls, rules: LearningSettings) -> Self:
        """Return what a daemon waits for before it trains a first model: what it has heard less of is no past yet."""
        return cls(rules.first_readings, FEWEST_READINGS, max(SLOW_SECONDS, rules.first_after_seconds))

    def is_met_by(self, times_seconds: Doubles) -> bool:
        """Return whether rows at these times are enough; in any order [n]."""
        rows = len(times_seconds)
        if rows >= self.readings:
            return True
        # The last reading stands for a gap, too: what brings one every ten minutes was heard for a day by the 144th.
        slow = rows >= self.slow_readings
        return slow and float(np.ptp(times_seconds)) * rows / (rows - 1) >= self.slow_seconds


@dataclass(frozen=True, slots=True)
class LeftUnknown:
    """Sensors of which a training learnt nothing: too little was left to learn from. The fleet's laws judge them.

    Attributes:
        fewest: readings that a sensor needs.
        readings: that there were, by sensor id.
    """

    fewest: int = 0
    readings: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as people read it."""
        return (
            f"{counted(len(self.readings), 'sensor')} with fewer than {self.fewest:,} readings to learn from"
        )

    def and_also(self, other: LeftUnknown) -> LeftUnknown:
        """Return these, and those of a later look that asked for no more."""
        return LeftUnknown(self.fewest or other.fewest, {**self.readings, **other.readings})

    def but(self, sensors: Collection[str]) -> LeftUnknown:
        """Return these without some."""
        return LeftUnknown(self.fewest, {s: rows for s, rows in self.readings.items() if s not in sensors})

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it; nothing where there is no such sensor."""
        if not self.readings:
            return {}
        return {
            "left_unknown": {"fewest_readings": self.fewest, "sensors": dict(sorted(self.readings.items()))}
        }

    @classmethod
    def from_dict(cls, training: Mapping[str, Any]) -> Self:
        """Return what `to_dict` gave, of what else a manifest tells of a training; none where it does not."""
        told = training.get("left_unknown")
        if not isinstance(told, Mapping) or not isinstance(sensors := told.get("sensors"), Mapping):
            return cls()
        fewest = told.get("fewest_readings")
        return cls(
            fewest if isinstance(fewest, int) else 0, {str(name): rows for name, rows in sensors.items()}
        )
