"""What leaves the core: the transitions of episodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

EventType = Literal["open", "update", "close"]
Family = Literal["process", "health"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a channel was expected to read: mean and the band that holds ordinary readings, in its own units."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much was seen: `readings` in the window, `coverage` 0-1 of expected readings, longest gap, late readings."""

    readings: int
    coverage: float
    longest_gap_seconds: float
    late: int


@dataclass(frozen=True, slots=True)
class EpisodeEvent:
    """One transition of an episode. The same `id` from open to close, also over restarts and replays.

    Consumers that de-duplicate on (id, event, updated_at) see each event once. Times are unix seconds; `publish`
    writes them as the contract in `deploy/schemas/event.schema.json` says.

    Attributes:
        id: hash of (sensor, start, rule).
        kind: what is strange: of a sensor "silent", "stuck" or "rhythm"; of what it measures "spike", "level", "shape",
            "relation" and more, by the loudest streams, or "value" where none can say. It may change while an episode
            is open: what began as a spike may stay as a level. "rule" where a rule in engineering units is broken;
            "regime_change" at the close of what lasts.
        score: severity against the frozen calibration; 1.0 is the budget's boundary at commissioning.
        p_value: chance that a bout as strange begins at a row, against the trailing calibration; of a silence, of a
            standstill: of one as long; of a move of a sensor that stood still as long as it was learnt: by how often it
            has moved, and of the first one no more than the budget allows. What opened the episode. NaN for a broken
            rule: it is no chance.
        observed: last reading by channel.  expected: band by channel.  contributions: shares by channel, sum 1.
        streams: surprise of each stream that took part: one without a vote (`model.vote`) did not.
        model: (name, version) or None where no model took part.
        message: one plain sentence.
    """

    id: str
    event: EventType
    sensor: str
    family: Family
    kind: str
    severity: Severity
    score: float
    p_value: float
    started_at: float
    updated_at: float
    ended_at: float | None
    message: str
    observed: dict[str, float] = field(default_factory=dict)
    expected: dict[str, Expected] = field(default_factory=dict)
    contributions: dict[str, float] = field(default_factory=dict)
    streams: dict[str, float] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=lambda: Evidence(0, 0.0, 0.0, 0))
    model: tuple[str, str] | None = None
