"""What is said of sensors on their state topics: changed ones soon, all that reported now and then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
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
        self._changed: list[set[int]] = [set() for _ in pipeline.groups]

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
        for index, changed in enumerate(self._changed):
            chosen = [changed.pop() for _ in range(min(len(changed), self._most))]
            if chosen:
                reports += self._reports(index, np.array(sorted(chosen), np.intp))
        return reports

    def _reports(self, index: int, slots: NDArray[np.intp]) -> list[SensorState]:
        states = self._pipeline.sensor_states(index, slots)
        ids = self._pipeline.directory.groups[index].ids
        return [
            SensorState(
                sensor=ids[slot],
                time_seconds=float(states.time_seconds[i]),
                score=float(states.score[i]),
                p_value=float(states.p_value[i]),
                open_kinds=states.open_kinds(i),
            )
            for i, slot in enumerate(slots.tolist())
        ]
