"""What people said of learning: freezes, and labels of episodes; each with its time, so that a replay obeys alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

What = Literal["fault", "expected", "false_alarm", "new_normal"]
WHATS: tuple[What, ...] = get_args(What)

Scope = Literal["sensor", "group", "all"]


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is to be learnt of some sensors for a while: a freeze, or with an end of its own a maintenance.

    Attributes:
        number: of the freeze, for people.
        scope, name: of what: of a sensor or a group by its name; of "all" the name is empty.
        since, until: unix seconds; infinite as long as nobody ended it.
        reason: in the words of who asked for it.
        by: who that was.
    """

    number: int
    scope: Scope
    name: str
    since: float
    until: float = math.inf
    reason: str = ""
    by: str = ""

    def covers(self, sensor: str, group: str = "") -> bool:
        """Return whether it is of this sensor, in the group of this name."""
        return self.scope == "all" or self.name == {"sensor": sensor, "group": group}[self.scope]

    def holds_at(self, now: float) -> bool:
        """Return whether it holds at a time."""
        return self.since <= now < self.until


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says an episode was.

    The episode is written down with it: its history may be forgotten, what was said of it is not.

    Attributes:
        episode: id.
        sensor, kind, opened_at, closed_at: of the episode when it was labelled; None = it was open.
        what: "fault", "expected" (strange, and as it should be), "false_alarm", or "new_normal" (so it is from now on).
        at: unix seconds of the labelling.
        note: in the words of who said it.
        by: who that was.
    """

    episode: str
    sensor: str
    kind: str
    opened_at: float
    closed_at: float | None
    what: What
    at: float
    note: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """All that was said, and still matters.

    Attributes:
        freezes: in the order in which they began.
        labels: in the order in which they were given; of one episode the last counts.
    """

    freezes: tuple[Freeze, ...] = ()
    labels: tuple[Label, ...] = ()

    def labelled(self, now: float = math.inf) -> dict[str, Label]:
        """Return what counts at a time, by episode."""
        return {label.episode: label for label in self.labels if label.at <= now}

    def changes(self) -> list[float]:
        """Return the times at which what counts changes, ascending."""
        times = [t for freeze in self.freezes for t in (freeze.since, freeze.until)]
        return sorted({t for t in [*times, *(label.at for label in self.labels)] if math.isfinite(t)})


@dataclass(frozen=True, slots=True)
class PastEpisode:
    """An episode as learning looks back on it; times are unix seconds, `closed_at` None while it is open."""

    id: str
    sensor: str
    kind: str
    opened_at: float
    closed_at: float | None = None


@dataclass(frozen=True, slots=True)
class LearningRules:
    """How learning treats what was strange.

    Attributes:
        margin_seconds, margin_share, longest_margin_seconds: nothing is learnt of the time before an episode either: so
            much, and such a share of its length, but no more: a fault begins before it is told, the slower the earlier.
        mature_seconds: a law that was learnt from less of its sensor's time does not know what a day of it looks like:
            its word counts for what is rare only, unless somebody calls it a fault.
        regime_learn_after_seconds: so long after a change of regime was declared it is learnt, unless somebody says
            before what it is.
    """

    margin_seconds: float = 600.0
    margin_share: float = 0.25
    longest_margin_seconds: float = 86_400.0
    mature_seconds: float = 86_400.0
    regime_learn_after_seconds: float = 7 * 86_400.0

    def margin_of(self, lasted_seconds: float) -> float:
        """Return for how long before an episode nothing is learnt, by how long it lasted."""
        wide = max(self.margin_seconds, self.margin_share * lasted_seconds)
        return min(wide, max(self.margin_seconds, self.longest_margin_seconds))


REGIME_CHANGE = "regime_change"
"""Kind of an episode that ended by being taken for a lasting change."""


def episodes_of(labels: Iterable[Label], rules: LearningRules) -> list[PastEpisode]:
    """Return the episodes that labels were given to, as far as the labels know them.

    One that was open then has an end all the same, soon after what was said of it: who has nothing but the label
    would else believe that it goes on for ever.
    """
    return [PastEpisode(one.episode, one.sensor, one.kind, one.opened_at, _end(one, rules)) for one in labels]


def _end(label: Label, rules: LearningRules) -> float:
    if label.closed_at is not None:
        return label.closed_at
    return label.at + rules.margin_of(label.at - label.opened_at)
