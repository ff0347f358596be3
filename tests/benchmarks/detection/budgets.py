"""Is the budget kept where nothing is wrong? Clean sensors, learnt on their first weeks and played on for long.

Each budget has sensors of its own, as slow as that budget can be told on within a few minutes of computing: what
one reading a second would do at one false alert a month nobody can wait for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from offbeat.config.units import parse_budget
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import UNIVARIATE, SensorDirectory
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player
from tests.benchmarks.detection.clean_streams import KINDS, RHYTHMS, clean_streams
from tests.benchmarks.detection.model_free import commission_of, played


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a budget has to be watched.

    Attributes:
        budget: as it stands in a configuration.
        gap_seconds: range of the sensors' mean gaps.
        learnt_weeks: that the commission is made of.
        played_weeks: of service after it.
        sensors: how many; a multiple of kinds x rhythms has all of them equally often.
    """

    budget: str
    gap_seconds: tuple[float, float]
    learnt_weeks: float
    played_weeks: float
    sensors: int = 2 * len(KINDS) * len(RHYTHMS)


PLANS: Mapping[str, Plan] = {
    "day": Plan("1/day", (400.0, 900.0), 2.0, 6.0),
    "week": Plan("1/week", (900.0, 1800.0), 4.0, 24.0),
    "month": Plan("1/month", (3600.0, 5400.0), 13.0, 104.0),
    "week-fast": Plan("1/week", (60.0, 90.0), 0.25, 1.5),
}
"""About 2,000 readings to learn from each. The first three are watched for so long that 24 to 42 alerts are allowed a
sensor, and its rate can be told; of the last only all sensors' together."""

ENOUGH = 8.0
"""Alerts that must be expected of a sensor before its own count says whether its rate is within a factor two."""


def measure(plan: str, seed: int = 0) -> dict[str, Any]:
    """Return the false alerts of every sensor at one budget, and what they were about.

    Args:
        plan: one of `PLANS`.
        seed: of the sensors.
    """
    watched = PLANS[plan]
    span = (watched.learnt_weeks + watched.played_weeks) * WEEK_SECONDS
    series = clean_streams(seed, watched.sensors, watched.gap_seconds, span)
    from_seconds = {one.sensor: one.times_seconds[0] + watched.learnt_weeks * WEEK_SECONDS for one in series}
    core = replace(CoreSettings(), budget_per_week=parse_budget(watched.budget))
    opened = [e for e in _opened(series, from_seconds, core) if e.updated_at >= from_seconds[e.sensor]]
    alerts = Counter(event.sensor for event in opened)
    return {
        "expected": core.budget_per_week * watched.played_weeks,
        "readings": sum(map(len, series)),
        "alerts": {one.sensor: alerts[one.sensor] for one in series},
        "about": dict(Counter(event.kind for event in opened).most_common()),
    }


def _opened(
    series: Sequence[Series], from_seconds: Mapping[str, float], core: CoreSettings
) -> list[EpisodeEvent]:
    """Return the alerts raised while clean sensors are played by what their first weeks taught."""
    commission = commission_of([one.before(from_seconds[one.sensor]) for one in series], core)
    directory = SensorDirectory([UNIVARIATE], len(series))
    pipeline = Pipeline(directory, core)
    player = Player(series, directory, core.window_stride_readings)
    pipeline.install(0, commission, None)
    return [
        event for decided in played(pipeline, player) for event in decided.events if event.event == "open"
    ]


def kept(alerts: int, expected: float) -> bool:
    """Return whether a count lies within a factor two of what the budget allows."""
    return expected / 2 <= alerts <= 2 * expected


def believable(alerts: int, expected: float) -> bool:
    """Return whether chance alone may make such a count (95 %) of a rate within a factor two of the budget."""
    too_few = _poisson_at_most(alerts, expected / 2) <= 0.025
    too_many = 1.0 - _poisson_at_most(alerts - 1, 2 * expected) <= 0.025
    return not (too_few or too_many)


def _poisson_at_most(count: int, mean: float) -> float:
    return sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def kind_of(sensor: str) -> str:
    """Return what a clean sensor measures."""
    return sensor.rpartition("-")[0]


def rhythm_of(sensor: str) -> str:
    """Return how a clean sensor reports: the rhythm changes when all kinds have had their turn."""
    number = int(sensor.rpartition("-")[2])
    return list(RHYTHMS)[number // len(KINDS) % len(RHYTHMS)]
