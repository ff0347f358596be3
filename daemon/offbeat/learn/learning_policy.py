"""When a group is trained, and what for: a first model, more data, new sensors, drift, or because it is time.

Pure: what is known of a group and the time go in, a decision comes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from offbeat.config.settings import LearningSettings
from offbeat.core.counted import counted
from offbeat.core.wording import duration
from offbeat.learn.room import Room

Doubles = NDArray[np.float64]

FEWEST_READINGS = 128
SLOW_SECONDS = 86_400.0
"""A sensor that was heard for so long may be learnt from with as few readings: a fifth of them judges the model."""

STRAGGLERS_SECONDS = 3600.0
"""When a sensor was heard enough, and for so long, its group waits no longer for the others."""

GROWTH = 4.0
"""A model of little data is trained anew when there is so many times as much."""

MANY = 0.2
"""Share of the sensors that has to have joined or drifted for a training ahead of time."""

COOLING_SHARE = 1 / 8
"""Of the time between two trainings: no drift brings the next one sooner."""

JITTER_SHARE = 0.1
FIRST_RETRY_SECONDS = 300.0
RETRY_GROWTH = 3.0


@dataclass(frozen=True, slots=True)
class LastTraining:
    """The newest version of a group, whatever became of it.

    Attributes:
        at: unix seconds at which it was trained.
        span_seconds: time between the oldest and the newest reading that it was learnt from.
        known: sensors with a row of their own in what is in service.
        room: sensors that it had no room for.
    """

    at: float
    span_seconds: float
    known: frozenset[str] = frozenset()
    room: Room = field(default_factory=Room)


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What the daemon knows of a group now.

    Attributes:
        remaining_seconds: of each sensor: until it has been heard enough; 0 = it has, inf = nobody knows.
        heard_seconds: of each sensor: since its first message.
        unknown: sensors that were heard enough, and that the model in service does not know; not those that the newest
            training had no room for: the next one would have none either.
        drifted: sensors that what was learnt has described badly for long.
        last: the newest version; None before the first.
        failures: trainings in a row that came to nothing.
        failed_at: unix seconds of the last of them.
    """

    remaining_seconds: Doubles
    heard_seconds: Doubles
    unknown: int = 0
    drifted: int = 0
    last: LastTraining | None = None
    failures: int = 0
    failed_at: float = -math.inf

    @property
    def sensors(self) -> int:
        """Sensors of the group."""
        return len(self.remaining_seconds)


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a group is to be trained now.

    Attributes:
        now: it is.
        why: what for, or what it waits for, in a sentence.
        at: unix seconds at which it is, at the latest, if nothing changes; None if nobody knows.
        share: of the data that a first model needs; None where there is a model.
    """

    now: bool
    why: str
    at: float | None = None
    share: float | None = None


def remaining_seconds(
    readings: NDArray[np.int64], gap_seconds: Doubles, heard_seconds: Doubles, rules: LearningSettings
) -> Doubles:
    """Return how long each sensor is still to be heard before there is enough of it for a first model, [n].

    Args:
        readings: of each sensor so far.
        gap_seconds: usual time between them; NaN = unknown.
        heard_seconds: since the first of them.
        rules: how much is enough.
    """
    gap = np.where(np.isfinite(gap_seconds), gap_seconds, np.inf)

    def until(enough: int, after: float) -> Doubles:
        missing = np.maximum(enough - readings, 0)
        still = missing * np.where(missing > 0, gap, 0.0)
        return np.asarray(np.maximum(still, after - heard_seconds), np.float64)

    quick = until(rules.first_readings, rules.first_after_seconds)
    slow = until(FEWEST_READINGS, max(SLOW_SECONDS, rules.first_after_seconds))
    return np.maximum(np.minimum(quick, slow), 0.0)


def due(facts: GroupFacts, rules: LearningSettings, now: float, jitter: float = 0.0) -> Due:
    """Return whether a group is to be trained now.

    Args:
        facts: of the group.
        rules: of the configuration.
        now: unix seconds.
        jitter: -1 to 1, a number of this machine and group, so that not all daemons of a fleet train at one time.
    """
    if not facts.sensors:
        return Due(now=False, why="no sensor of this group was heard yet", share=0.0)
    wish = _first(facts, rules, now) if facts.last is None else _again(facts, facts.last, rules, now, jitter)
    if facts.failures and wish.now:
        retry = facts.failed_at + retry_seconds(facts.failures, rules)
        if now < retry:
            return Due(
                now=False, why="the last training failed; it is tried again", at=retry, share=wish.share
            )
    return wish


def retry_seconds(failures: int, rules: LearningSettings) -> float:
    """Return the time between a failed training and the next, the longer the more failed in a row."""
    longest = max(rules.every_seconds, FIRST_RETRY_SECONDS)
    return float(min(FIRST_RETRY_SECONDS * RETRY_GROWTH ** min(failures - 1, 20), longest))


def _first(facts: GroupFacts, rules: LearningSettings, now: float) -> Due:
    enough = facts.remaining_seconds <= 0.0
    remaining = float(np.median(facts.remaining_seconds))
    if remaining <= 0.0 or facts.heard_seconds[enough].max(initial=0.0) >= STRAGGLERS_SECONDS:
        return Due(now=True, why=f"a first model: {_heard_enough(facts)}", share=1.0)
    needed = facts.heard_seconds + facts.remaining_seconds
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(needed), facts.heard_seconds / np.maximum(needed, 1e-9), 0.0)
    at = now + remaining if math.isfinite(remaining) else None
    return Due(
        now=False,
        why=f"{_heard_enough(facts)}, {_enough(rules)}{'; half of them are needed' if facts.sensors > 1 else ''}",
        at=at,
        share=float(np.median(share)),
    )


def _heard_enough(facts: GroupFacts) -> str:
    enough = int(np.count_nonzero(facts.remaining_seconds <= 0.0))
    return f"{_of_them(enough, facts.sensors, 'was', 'were')} heard enough"


def _enough(rules: LearningSettings) -> str:
    return f"for {duration(rules.first_after_seconds)} and with {rules.first_readings} readings"


def _again(facts: GroupFacts, last: LastTraining, rules: LearningSettings, now: float, jitter: float) -> Due:
    grown = max((GROWTH - 1.0) * last.span_seconds, rules.first_after_seconds)
    wait = min(rules.every_seconds, grown)
    at = last.at + wait * (1.0 + JITTER_SHARE * jitter)
    if not (facts.remaining_seconds <= 0.0).any():
        return Due(now=False, why="too little was heard since the start", at=None)
    if now >= at:
        little = wait < rules.every_seconds
        return Due(
            now=True, why="there is far more data than before" if little else "it is time for the next one"
        )
    cooled = last.at + COOLING_SHARE * rules.every_seconds
    early = _ahead_of_time(facts) if rules.drift else ""
    if early and now >= cooled:
        return Due(now=True, why=early)
    return Due(
        now=False,
        why=f"{early}; the last training was just now" if early else "the model is new enough",
        at=min(at, cooled) if early else at,
    )


def _ahead_of_time(facts: GroupFacts) -> str:
    if facts.unknown and facts.unknown >= MANY * facts.sensors:
        return f"{_of_them(facts.unknown, facts.sensors, 'is', 'are')} new to the model"
    if facts.drifted and facts.drifted >= MANY * facts.sensors:
        return f"{_of_them(facts.drifted, facts.sensors, 'has', 'have')} drifted away from what was learnt"
    return ""


def _of_them(count: int, sensors: int, one: str, several: str) -> str:
    """Return how many sensors of a group, with the verb for one of them or for several."""
    return f"{count} of {counted(sensors, 'sensor')} {one if 1 in (count, sensors) else several}"
