"""What the core decided: transitions to publish, and how every row was judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.events import EpisodeEvent

Floats = NDArray[np.float32]

RULE_COLUMN = "rule"


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """How rows were judged, in the order of (sensor, time).

    Attributes:
        group: index of the group.
        sensor: slot, int32 [n].
        time_seconds: event time, float64 [n].
        score: severity of the process track, float32 [n]; 1.0 = the budget's boundary at commissioning. The health
            tracks have scores of their own: mixed in, they would drown what the sensor measures.
        p_value: that a bout as strange in the process track begins at the row, against the trailing calibration,
            float64 [n].
        track_score: severity by track, float32 [n, Q], in the order of `streams.registry.TRACKS`.
        surprise: calibrated surprise of each stream, float32 [n, K]; NaN = no opinion.
        names: the streams' names, K.
        mean, sigma: what the model expected of each row, squashed and normalised, float32 [n, C]; None without a model.
        raw, fused, severity: raw stream values [n, K], g and F by track [n, Q]; None unless collected.
        track_p_value: what opens episodes, by track, float64 [n, Q]; None unless collected.
    """

    group: int
    sensor: NDArray[np.int32]
    time_seconds: NDArray[np.float64]
    score: Floats
    p_value: NDArray[np.float64]
    track_score: Floats
    surprise: Floats
    names: tuple[str, ...]
    mean: Floats | None = None
    sigma: Floats | None = None
    raw: Floats | None = None
    fused: Floats | None = None
    severity: Floats | None = None
    track_p_value: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.sensor)

    def with_rules(self, broken: Floats) -> ScoredRows:
        """Return the rows with a last column "rule": what the rules in engineering units say of each row.

        Args:
            broken: surprise by row, float32 [n]; NaN where no rule is for the sensor.
        """
        surprise = np.column_stack([self.surprise, broken])
        return replace(self, surprise=surprise, names=(*self.names, RULE_COLUMN))


@dataclass(frozen=True, slots=True)
class Decisions:
    """What one call of the pipeline decided.

    Attributes:
        events: transitions of episodes, in the order in which they happened.
        scores: the rows that were judged; None if there were none.
    """

    events: list[EpisodeEvent] = field(default_factory=list)
    scores: ScoredRows | None = None
