"""Episodes of a backtest, put together from their events, and how well they met the labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.events import EpisodeEvent, Family, Severity
from offbeat.replay.labels import Spans

_ORDER: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Episode:
    """One anomaly from open to close.

    Attributes:
        started_at, opened_at: when it is thought to have begun, and when it was told.
        ended_at: None while it is open.
        severity, score: the highest it came to.
        p_value: at its opening.
        message: the sentence it opened with.
        closing: the sentence it closed with; "" while it is open.
    """

    id: str
    sensor: str
    family: Family
    kind: str
    severity: Severity
    score: float
    p_value: float
    started_at: float
    opened_at: float
    ended_at: float | None
    message: str
    closing: str


def episodes_of(events: Iterable[EpisodeEvent]) -> list[Episode]:
    """Return the episodes whose opening is among the events, in the order of their openings."""
    by_id: dict[str, list[EpisodeEvent]] = {}
    for event in events:
        by_id.setdefault(event.id, []).append(event)
    episodes = [_episode(group) for group in by_id.values() if group[0].event == "open"]
    return sorted(episodes, key=lambda episode: (episode.opened_at, episode.sensor))


def _episode(events: list[EpisodeEvent]) -> Episode:
    first, last = events[0], events[-1]
    scores = [event.score for event in events if math.isfinite(event.score)]
    return Episode(
        id=first.id,
        sensor=first.sensor,
        family=first.family,
        kind=first.kind,
        severity=max((event.severity for event in events), key=_ORDER.index),
        score=max(scores, default=math.nan),
        p_value=first.p_value,
        started_at=first.started_at,
        opened_at=first.updated_at,
        ended_at=last.ended_at if last.event == "close" else None,
        message=first.message,
        closing=last.message if last.event == "close" else "",
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """How episodes met labelled events. An event counts as found when an episode opened inside it.

    Attributes:
        events, found: labelled events in what was played, and those that were found.
        false: episodes that opened outside every labelled event; all of them where there are no labels.
        sensor_weeks: time played, summed over sensors.
    """

    events: int
    found: int
    false: int
    sensor_weeks: float

    @property
    def false_per_week(self) -> float:
        """False episodes per sensor and week."""
        return self.false / self.sensor_weeks if self.sensor_weeks > 0 else math.nan


def outcome(episodes: Sequence[Episode], labels: Spans, played: Mapping[str, tuple[float, float]]) -> Outcome:
    """Return how the episodes met the labels.

    Args:
        episodes: of all sensors.
        labels: labelled events by sensor.
        played: first and last time that was played, by sensor.
    """
    events = found = false = 0
    for sensor, (first, last) in played.items():
        spans = [(a, b) for a, b in labels.get(sensor, []) if b >= first and a <= last]
        opened = [e.opened_at for e in episodes if e.sensor == sensor and e.opened_at >= first]
        events += len(spans)
        found += sum(any(a <= at <= b for at in opened) for a, b in spans)
        false += sum(not any(a <= at <= b for a, b in spans) for at in opened)
    weeks = sum(last - first for first, last in played.values()) / WEEK_SECONDS
    return Outcome(events, found, false, weeks)
