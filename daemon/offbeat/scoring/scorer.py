"""The contract of a scorer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import ServedScorer


class Scorer(Protocol):
    """Answers the core's jobs. One thread uses it at a time; it owns the carried state of every sensor.

    A scorer has no decisions in it: the answer about a sensor does not depend on which sensors share its job.
    """

    @property
    def device(self) -> str:
        """Where the models run: "cpu", "cuda:0", "none"."""
        ...

    def step(self, job: StepJob) -> StepResult | None:
        """Read new rows on from the carried state; None for a group without a model."""
        ...

    def window(self, job: WindowJob) -> WindowResult | None:
        """Judge the newest rows of windows; None for a group without a model."""
        ...

    def rebuild(self, job: StepJob) -> None:
        """Forget the carried state of these sensors and read it anew from their windows, given as a `StepJob`."""
        ...

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Forget the carried state of these sensors."""
        ...


class ModelScorer(Scorer, Protocol):
    """A scorer whose models may be exchanged while no job is under way."""

    @property
    def place(self) -> str:
        """Device on which models run, also while there is none."""
        ...

    def exchange(self, group: int, served: ServedScorer, long: GroupScorer | None) -> None:
        """Answer a group's jobs with another model from now on; nothing is carried yet."""
        ...


class NoScorer:
    """The scorer of a daemon without an artifact: it has no opinion."""

    device = "none"

    def step(self, job: StepJob) -> StepResult | None:  # noqa: ARG002 - as Scorer
        """Answer None: there is no model."""
        return None

    def window(self, job: WindowJob) -> WindowResult | None:  # noqa: ARG002 - as Scorer
        """Answer None: there is no model."""
        return None

    def rebuild(self, job: StepJob) -> None:
        """Do nothing: there is no carried state."""

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Do nothing: there is no carried state."""
