"""What is said of sensors on their state topics: of changed ones soon, of all that reported now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions
from offbeat.core.group_state import GroupState
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import Readiness, progress_of
from offbeat.publish.state_topics import SensorState

Slots = NDArray[np.intp]

_NEVER_TOLD, _TOLD_OF_ANOTHER_MODEL = -2, -1
MOST_WAITING = 500
"""Reports on their way; with a turn a second so many a second. What is more waits, and is told as it is by then."""
EARLY_SECONDS = 0.1
"""Turns come about once a second: one that comes a moment before an interval is over must not wait for the next."""


class _Told:
    """What was said of a group's sensors, as arrays over slots.

    Attributes:
        changed: whether there is something new to say, bool [n].
        at: when each was last spoken of, monotonic seconds, float64 [n]; -inf = never, or not to the present broker.
        standing: what is told at once when it changes, as a number, int64 [n].
        model: what judged them then.
        heard: log time at which those that nothing scores had been heard when they were looked at last, float64 [n].
    """

    def __init__(self, sensors: int) -> None:
        self.changed = np.zeros(sensors, np.bool_)
        self.at = np.full(sensors, -np.inf)
        self.standing = np.full(sensors, _NEVER_TOLD, np.int64)
        self.model: tuple[str, str] | None = None
        self.heard = np.full(sensors, -np.inf)


@dataclass(frozen=True, slots=True)
class _Due:
    """Sensors of a group that are to be spoken of, in the order of slots, as arrays [n]; fields as in `_Told`."""

    slots: Slots
    standing: NDArray[np.int64]
    is_same: NDArray[np.bool_]
    told_at: NDArray[np.float64]


class SensorReports:
    """Notes whose state changed, and makes the reports that are due: few a second, of however many that report.

    A sensor is due at once when its open episodes, its readiness or its model are others than were told, otherwise an
    interval after it was spoken of. Belongs to the loop, but for `tell_every`.

    Args:
        pipeline: whose sensors they are.
        interval_seconds: how long a sensor whose standing is the same is not spoken of again.
    """

    def __init__(self, pipeline: Pipeline, interval_seconds: float) -> None:
        self._pipeline = pipeline
        self._interval = interval_seconds
        self._groups: dict[int, _Told] = {}
        self._connection = 0

    def tell_every(self, seconds: float) -> None:
        """Say from now on how a sensor is that does not change so often."""
        self._interval = seconds

    def note(self, decisions: Decisions) -> None:
        """Take in what was decided."""
        if decisions.scores is not None:
            self._told(decisions.scores.group).changed[decisions.scores.sensor] = True
        for event in decisions.events:
            for index, group in enumerate(self._pipeline.directory.groups):
                if event.sensor in group.slots:
                    self._told(index).changed[group.slots[event.sensor]] = True

    def take(self, now: float, connection: int = 1, waiting: int = 0) -> list[SensorState]:
        """Return the reports of sensors that changed and are due; they count as told.

        Args:
            now: monotonic seconds.
            connection: number of the connection they go out on; 0 = there is none, and none is made that would be old
                by the time it goes out. On another one all is told again: the broker may have forgotten what it
                retained, and what was under way is lost.
            waiting: reports of before that were not sent yet.
        """
        if not connection:
            return []
        if connection != self._connection:
            self._tell_all_again()
            self._connection = connection
        most = MOST_WAITING - waiting
        if most <= 0 or not self._pipeline.groups:
            return []
        due = [self._due(index, now) for index in range(len(self._pipeline.groups))]
        # Another standing is told first; of the others, who has waited longest.
        order = np.lexsort(
            (np.concatenate([one.told_at for one in due]), np.concatenate([one.is_same for one in due]))
        )
        chosen = np.zeros(len(order), np.bool_)
        chosen[order[:most]] = True
        ends = np.cumsum([len(one.slots) for one in due])
        return [
            report
            for index, mine in enumerate(np.split(chosen, ends[:-1]))
            if mine.any()
            for report in self._tell(index, due[index], mine, now)
        ]

    def _told(self, index: int) -> _Told:
        if index not in self._groups:
            self._groups[index] = _Told(self._pipeline.groups[index].sensors)
        return self._groups[index]

    def _tell_all_again(self) -> None:
        for told in self._groups.values():
            spoken_of = told.standing != _NEVER_TOLD
            told.changed[spoken_of] = True
            told.at[spoken_of] = -np.inf

    def _due(self, index: int, now: float) -> _Due:
        state, told = self._pipeline.groups[index], self._told(index)
        _note_unscored(state, told)
        model = None if state.learnt is None else state.learnt.model
        if model != told.model:
            told.model, told.standing[told.standing != _NEVER_TOLD] = model, _TOLD_OF_ANOTHER_MODEL
        slots = np.flatnonzero(told.changed)
        standing = _standing(state, slots)
        is_same = standing == told.standing[slots]
        due = ~is_same | (now - told.at[slots] >= self._interval - EARLY_SECONDS)
        return _Due(slots[due], standing[due], is_same[due], told.at[slots[due]])

    def _tell(self, index: int, due: _Due, chosen: NDArray[np.bool_], now: float) -> list[SensorState]:
        told, slots = self._told(index), due.slots[chosen]
        told.at[slots], told.standing[slots], told.changed[slots] = now, due.standing[chosen], False
        states = self._pipeline.sensor_states(index, slots)
        ids = self._pipeline.directory.groups[index].ids
        progress = states.progress
        return [
            SensorState(
                sensor=ids[slot],
                time_seconds=float(states.time_seconds[i]),
                score=float(states.score[i]),
                p_value=float(states.p_value[i]),
                open_kinds=states.open_kinds(i),
                readiness=Readiness(int(progress.readiness[i])).name.lower(),
                progress=float(progress.share[i]),
                reason=progress.reason(i),
                eta_seconds=float(progress.eta_seconds[i]),
                model=told.model,
            )
            for i, slot in enumerate(slots.tolist())
        ]


def _note_unscored(state: GroupState, told: _Told) -> None:
    """Note who reported in a group that nothing scores, so that no decision speaks of them."""
    if state.learnt is not None:
        return
    heard = state.heard[: state.size]
    # Another time, not a later one: clocks are set back.
    told.changed[: state.size] |= heard != told.heard[: state.size]
    told.heard[: state.size] = heard


def _standing(state: GroupState, slots: Slots) -> NDArray[np.int64]:
    """Return a number that is another one when kinds of open episodes or the readiness are others [n]."""
    is_open = state.episodes.is_open(slots)
    kinds = is_open @ (1 << np.arange(is_open.shape[1], dtype=np.int64))
    return np.asarray(kinds * len(Readiness) + progress_of(state, slots).readiness, np.int64)
