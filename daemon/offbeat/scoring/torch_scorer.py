"""The scorer that runs models with torch, and baselines beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import ServedScorer


class TorchScorer:
    """Answers each group's jobs with that group's model; None for a group that has none.

    Args:
        groups: scorer of each group's model by the group's index; all on one device.
        device: where they run, and what may come.
        long: scorer of each group's model of the long view, by the group's index.
    """

    def __init__(
        self, groups: Mapping[int, ServedScorer], device: str, long: Mapping[int, GroupScorer] | None = None
    ) -> None:
        self._groups = dict(groups)
        self._long = dict(long or {})
        self.place = device

    @property
    def device(self) -> str:
        """Where the models run; "none" while there is no model."""
        return self.place if self._groups else "none"

    def exchange(self, group: int, served: ServedScorer, long: GroupScorer | None) -> None:
        """Answer a group's jobs with another model from now on; nothing is carried yet."""
        self._groups[group] = served
        self._long.pop(group, None)
        if long is not None:
            self._long[group] = long

    def step(self, job: StepJob) -> StepResult | None:
        """Read new rows on from the carried state."""
        group = self._groups.get(job.group)
        if group is None:
            return None
        steps = group.step(job.sensor, job.row, job.x, job.mask, job.gap, job.lengths)
        return StepResult(steps.value_nll, steps.gap_nll, steps.mean, steps.sigma)

    def window(self, job: WindowJob) -> WindowResult | None:
        """Judge the newest rows of windows by their reconstruction."""
        group = (self._long if job.long else self._groups).get(job.group)
        if group is None:
            return None
        scores = group.window(job.row, job.x, job.mask, job.tau, job.lengths, job.recent)
        return WindowResult(scores.nll, scores.channel_nll)

    def rebuild(self, job: StepJob) -> None:
        """Read the carried state of these sensors anew from their windows."""
        if group := self._groups.get(job.group):
            group.encode(job.sensor, job.row, job.x, job.mask, job.gap, job.lengths)

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Forget the carried state of these sensors."""
        if scorer := self._groups.get(group):
            scorer.reset(sensor)
