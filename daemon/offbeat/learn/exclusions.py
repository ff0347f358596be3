"""Which times of which sensors nothing is learnt from: episodes, what people say of them, and freezes.

An episode that nobody spoke of is left out too: a false alarm lost costs little, a fault learnt is not found again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.doubt import LONGEST_SHARE
from offbeat.core.orders import REGIME_CHANGE, Label, LearningRules, Orders, PastEpisode, episodes_of
from offbeat.learn.against_law import Doubles, Floats, Law, gone_back_at, off_until

Bools = NDArray[np.bool_]

_BY_LAW = frozenset({"episode", "open episode", "regime change not confirmed"})
_STRANGE = frozenset({"episode", "labelled fault"})

ORDINARY = frozenset({"expected", "false_alarm"})
"""Labels that say that what happened may be learnt."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time of one sensor, both ends within it, and why nothing is learnt from it.

    Attributes:
        if_back: of what was before a change that only time confirmed: what is left out in its place if the sensor went
            back by itself to what it was; from before the change to when that was told of.
    """

    start: float
    end: float
    why: str
    if_back: Stretch | None = None


@dataclass(frozen=True)
class Exclusions:
    """Times that nothing is learnt from.

    Attributes:
        stretches: by sensor id; they may overlap, and the first that holds a row is why it is left out.
        of_all: stretches of every sensor.
        of_groups: stretches of every sensor of a group, by the group's name.
        young: stretches by sensor id that only a young law knows of: they count once they were weighed.
        changes: what was before changes that only time confirmed, by sensor id: they count once it was looked at
            whether they lasted.
    """

    stretches: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)
    of_all: Sequence[Stretch] = ()
    of_groups: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)
    young: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)
    changes: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)

    @classmethod
    def of(cls, orders: Orders, episodes: Iterable[PastEpisode], rules: LearningRules, now: float) -> Self:
        """Return what is to be left out at a time.

        Args:
            orders: what people said.
            episodes: all that are known; those that were labelled are known by their labels, too.
            rules: the numbers.
            now: unix seconds.
        """
        labels = orders.labelled(now)
        known = {one.id: one for one in episodes_of(labels.values(), rules)}
        known |= {one.id: one for one in episodes}
        by_sensor: dict[str, list[Stretch]] = {}
        for one in sorted(known.values(), key=lambda e: (e.opened_at, e.id)):
            if (stretch := _stretch(one, labels.get(one.id), rules, now)) is not None:
                by_sensor.setdefault(one.sensor, []).append(stretch)
        of_all: list[Stretch] = []
        of_groups: dict[str, list[Stretch]] = {}
        for freeze in orders.freezes:
            kept = {"sensor": by_sensor, "group": of_groups}.get(freeze.scope)
            into = of_all if kept is None else kept.setdefault(freeze.name, [])
            into.append(Stretch(freeze.since, freeze.until, "frozen"))
        return cls(by_sensor, of_all, of_groups)

    def __bool__(self) -> bool:
        """Return whether anything is left out."""
        return bool(self.stretches or self.of_all or self.of_groups)

    def keep(self, sensor: str, times_seconds: Doubles, group: str = "") -> Bools:
        """Return which rows of a sensor may be learnt from, bool [n]; times in any order."""
        kept = np.ones(len(times_seconds), np.bool_)
        for stretch in self._of(sensor, group):
            kept &= ~_within(times_seconds, stretch)
        return kept

    def count(self, sensor: str, times_seconds: Doubles, group: str = "") -> dict[str, int]:
        """Return how many rows of a sensor are left out, by why."""
        left = np.ones(len(times_seconds), np.bool_)
        counts: dict[str, int] = {}
        for stretch in self._of(sensor, group):
            found = left & _within(times_seconds, stretch)
            if rows := int(np.count_nonzero(found)):
                counts[stretch.why] = counts.get(stretch.why, 0) + rows
                left &= ~found
        return counts

    def by_law(self, learnt_seconds: Callable[[str], float], rules: LearningRules) -> Self:
        """Return what is left out by the word of mature laws, of people and of rules; what young laws say is set apart.

        A law of minutes finds the first evening strange. Were that left out, the sensor would never be learnt. Changes
        that only time confirmed are set apart, too: whether they lasted is seen in what was heard.

        Args:
            learnt_seconds: of how much of a sensor's time the law in service was learnt; 0 of one it does not know.
            rules: what is mature.
        """
        young = {
            sensor: tuple(one for one in stretches if one.why in _BY_LAW)
            for sensor, stretches in self.stretches.items()
            if learnt_seconds(sensor) < rules.mature_seconds
        }
        changes = {
            sensor: tuple(one for one in stretches if one.if_back is not None)
            for sensor, stretches in self.stretches.items()
        }
        kept = {
            sensor: tuple(one for one in stretches if one not in (*young.get(sensor, ()), *changes[sensor]))
            for sensor, stretches in self.stretches.items()
        }
        return replace(self, stretches=kept, young=young, changes=changes)

    def weighed(self, sensor: str, times_seconds: Doubles) -> Self:
        """Return what is left out once it is known how much of a sensor a young law calls strange.

        What is rare is left out, as a fault is; what takes more of the past is a change, or the law knows too little.

        Args:
            sensor: id.
            times_seconds: of its rows [n].
        """
        mine = self.young.get(sensor, ())
        strange = np.zeros(len(times_seconds), np.bool_)
        for stretch in mine:
            strange |= _within(times_seconds, stretch)
        if not 0 < np.count_nonzero(strange) <= LONGEST_SHARE * len(times_seconds):
            return self
        return replace(self, stretches={**self.stretches, sensor: (*self.stretches.get(sensor, ()), *mine)})

    def lasting(
        self, sensor: str, times_seconds: Doubles, values: Floats, law: Law | None, group: str = ""
    ) -> Self:
        """Return what is left out once it is known which changes that only time confirmed have lasted.

        A fault of two days that stood still was told of as a change. If the sensor went back by itself, the healthy
        past is learnt, and what was strange is not.

        Args:
            sensor: id.
            times_seconds: of rows of the sensor, ascending [n].
            values: the rows [n, C]; NaN where not observed.
            law: as for `reaching_on`; None = there is none that could tell: then each change has lasted.
            group: name of the sensor's group.
        """
        if not (mine := self.changes.get(sensor, ())):
            return self
        told = self.keep(sensor, times_seconds, group)
        found = list(self.stretches.get(sensor, ()))
        for one in mine:
            back = one.if_back
            at = (
                None
                if law is None or back is None
                else gone_back_at(times_seconds, values, (one.end, back.end), told, law)
            )
            found.append(one if back is None or at is None else replace(back, end=at))
        return replace(
            self, stretches={**self.stretches, sensor: found}, changes={**self.changes, sensor: ()}
        )

    def reaching_on(
        self, sensor: str, times_seconds: Doubles, values: Floats, law: Law, group: str = ""
    ) -> Self:
        """Return what is left out once each episode reaches on for as long as its sensor is not as it was learnt.

        An episode may close because alarms have got used to what lasts: a drift, say, in which the next one opens days
        later. What is read in between is no more ordinary than the episode was.

        Args:
            sensor: id.
            times_seconds: of rows of the sensor, ascending [n].
            values: the rows [n, C]; NaN where not observed.
            law: center and scale [C] of what is in service; scale above 0.
            group: name of the sensor's group.
        """
        more = [
            Stretch(stretch.end, float(times_seconds[last]), "still off after an episode")
            for stretch in self._of(sensor, group)
            if stretch.why in _STRANGE and (last := off_until(times_seconds, values, stretch.end, law)) >= 0
        ]
        mine = [*self.stretches.get(sensor, ()), *more]
        return replace(self, stretches={**self.stretches, sensor: mine}) if more else self

    def _of(self, sensor: str, group: str) -> list[Stretch]:
        return [*self.stretches.get(sensor, ()), *self.of_groups.get(group, ()), *self.of_all]


@dataclass(frozen=True)
class LeftOut:
    """What was left out of a training, for people.

    Attributes:
        rows: by sensor id and why.
        nothing_left: sensors of which no row was left.
    """

    rows: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    nothing_left: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All rows."""
        return sum(sum(counts.values()) for counts in self.rows.values())

    def by_reason(self) -> dict[str, int]:
        """Return the rows by why, the most frequent first."""
        total: dict[str, int] = {}
        for counts in self.rows.values():
            for why, rows in counts.items():
                total[why] = total.get(why, 0) + rows
        return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "rows": self.total,
            "reasons": self.by_reason(),
            "sensors": {sensor: dict(counts) for sensor, counts in sorted(self.rows.items())},
            "nothing_left": list(self.nothing_left),
        }


def _within(times_seconds: Doubles, stretch: Stretch) -> Bools:
    return np.asarray((times_seconds >= stretch.start) & (times_seconds <= stretch.end), np.bool_)


def _stretch(one: PastEpisode, label: Label | None, rules: LearningRules, now: float) -> Stretch | None:
    """Return what of its sensor's time an episode keeps out of learning; None for nothing."""
    what = None if label is None else label.what
    if what in ORDINARY:
        return None
    ended = one.closed_at
    margin = rules.margin_of((now if ended is None else ended) - one.opened_at)
    begin = one.opened_at - margin
    if what == "new_normal":
        return _before_change(one)
    if one.kind != REGIME_CHANGE:
        told = "broken rule" if one.kind == "rule" else "open episode" if ended is None else "episode"
        why = "labelled fault" if what == "fault" else told
        return Stretch(begin, math.inf if ended is None else ended, why)
    if label is not None and what == "fault":
        # From then on it is an episode of its own again, with an end of its own.
        return Stretch(begin, label.at, "labelled fault")
    if ended is not None and ended + rules.regime_learn_after_seconds <= now:
        back = Stretch(begin, ended, "change that went back")
        return replace(_before_change(one), if_back=back)
    return Stretch(begin, math.inf, "regime change not confirmed")


def _before_change(one: PastEpisode) -> Stretch:
    """Return all that was before a new normal began: it is as it never will be again."""
    return Stretch(-math.inf, float(np.nextafter(one.opened_at, -math.inf)), "before a new normal")
