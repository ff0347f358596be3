"""What is said of sensors on their state topics: changed ones soon, all that reported now and then."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
from offbeat.core.readiness import Readiness
from offbeat.publish.state_topics import SensorState


class SensorReports:
    """Notes whose state changed, and makes the reports.

    Args:
        pipeline: whose sensors they are.
        most: reports made at once; what is more waits for the next time.
    """

    def __init__(self, pipeline: Pipeline, most: int = 2000) -> None:
        self._pipeline = pipeline
        self._most = most
        self._changed: defaultdict[int, set[int]] = defaultdict(set)
        self._heard_until: defaultdict[int, float] = defaultdict(lambda: -np.inf)

    def note(self, decisions: Decisions) -> None:
        """Take in what was decided."""
        if decisions.scores is not None:
            self._changed[decisions.scores.group].update(np.unique(decisions.scores.sensor).tolist())
        for event in decisions.events:
            for index, group in enumerate(self._pipeline.directory.groups):
                if event.sensor in group.slots:
                    self._changed[index].add(group.slots[event.sensor])

    def take(self) -> list[SensorState]:
        """Return the reports of sensors that changed since the last call."""
        reports: list[SensorState] = []
        for index in range(len(self._pipeline.groups)):
            self._note_unscored(index)
            changed = self._changed[index]
            chosen = [changed.pop() for _ in range(min(len(changed), self._most))]
            if chosen:
                reports += self._reports(index, np.array(sorted(chosen), np.intp))
        return reports

    def _note_unscored(self, index: int) -> None:
        """Note who reported in a group that nothing scores, so that no decision speaks of them."""
        group = self._pipeline.groups[index]
        if group.learnt is not None or not group.size:
            return
        heard = group.heard[: group.size]
        self._changed[index].update(np.flatnonzero(heard > self._heard_until[index]).tolist())
        self._heard_until[index] = max(float(heard.max()), self._heard_until[index])

    def _reports(self, index: int, slots: NDArray[np.intp]) -> list[SensorState]:
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
