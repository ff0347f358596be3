"""What is said of sensors on their state topics: of changed ones soon, of all that reported now and then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions
from offbeat.core.group_state import GroupState
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import Readiness, progress_of
from offbeat.publish.state_topics import SensorState

Slots = NDArray[np.intp]


class _Told:
    """What was said of a group's sensors, as arrays over slots.

    Attributes:
        changed: whether there is something new to say, bool [n].
        at: when each was last spoken of, monotonic seconds, float64 [n]; -inf = never.
        standing: what is told at once when it changes, as a number, int64 [n].
        model: what judged them then.
        heard_until: log time up to which those that nothing scores were noted.
    """

    def __init__(self, sensors: int) -> None:
        self.changed = np.zeros(sensors, np.bool_)
        self.at = np.full(sensors, -np.inf)
        self.standing = np.full(sensors, -1, np.int64)
        self.model: tuple[str, str] | None = None
        self.heard_until = -np.inf


class SensorReports:
    """Notes whose state changed, and makes the reports that are due: few a second, of however many that report.

    Args:
        pipeline: whose sensors they are.
        interval_seconds: asked each time: how long a sensor whose standing is the same is not spoken of again.
        most: reports made at once; what is more waits for the next time.
    """

    def __init__(self, pipeline: Pipeline, interval_seconds: Callable[[], float], most: int = 2000) -> None:
        self._pipeline = pipeline
        self._interval = interval_seconds
        self._most = most
        self._groups: dict[int, _Told] = {}

    def note(self, decisions: Decisions) -> None:
        """Take in what was decided."""
        if decisions.scores is not None:
            self._told(decisions.scores.group).changed[decisions.scores.sensor] = True
        for event in decisions.events:
            for index, group in enumerate(self._pipeline.directory.groups):
                if event.sensor in group.slots:
                    self._told(index).changed[group.slots[event.sensor]] = True

    def take(self, now: float) -> list[SensorState]:
        """Return the reports of sensors that changed and are due.

        Args:
            now: monotonic seconds.
        """
        reports: list[SensorState] = []
        for index, state in enumerate(self._pipeline.groups):
            told = self._told(index)
            _note_unscored(state, told)
            if len(slots := self._due(state, told, now)):
                reports += self._reports(index, slots)
        return reports

    def _told(self, index: int) -> _Told:
        if index not in self._groups:
            self._groups[index] = _Told(self._pipeline.groups[index].sensors)
        return self._groups[index]

    def _due(self, state: GroupState, told: _Told, now: float) -> Slots:
        """Return who is to be spoken of now, in the order of slots, and note that they are."""
        model = None if state.learnt is None else state.learnt.model
        if model != told.model:
            told.model, told.standing[:] = model, -1
        slots = np.flatnonzero(told.changed)
        standing = _standing(state, slots)
        same = standing == told.standing[slots]
        due = ~same | (now - told.at[slots] >= self._interval())
        # Another standing is told at once; of the others who has waited longest comes first.
        first = np.lexsort((told.at[slots[due]], same[due]))[: self._most]
        chosen = np.sort(np.flatnonzero(due)[first])
        told.at[slots[chosen]], told.standing[slots[chosen]] = now, standing[chosen]
        told.changed[slots[chosen]] = False
        return slots[chosen]

    def _reports(self, index: int, slots: Slots) -> list[SensorState]:
        states = self._pipeline.sensor_states(index, slots)
        ids = self._pipeline.directory.groups[index].ids
        learnt, progress = self._pipeline.groups[index].learnt, states.progress
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
                model=None if learnt is None else learnt.model,
            )
            for i, slot in enumerate(slots.tolist())
        ]


def _note_unscored(state: GroupState, told: _Told) -> None:
    """Note who reported in a group that nothing scores, so that no decision speaks of them."""
    if state.learnt is not None or not state.size:
        return
    heard = state.heard[: state.size]
    told.changed[: state.size] |= heard > told.heard_until
    told.heard_until = max(float(heard.max()), told.heard_until)


def _standing(state: GroupState, slots: Slots) -> NDArray[np.int64]:
    """Return a number that is another one when kinds of open episodes or the readiness are others [n]."""
    is_open = state.episodes.is_open(slots)
    kinds = is_open @ (1 << np.arange(is_open.shape[1], dtype=np.int64))
    return np.asarray(kinds * len(Readiness) + progress_of(state, slots).readiness, np.int64)
