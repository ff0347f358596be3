"""Degraded before dead: when the device fails, go on with the next scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.scoring.scorer import ModelScorer, Scorer
from offbeat_models.scoring import GroupScorer
from offbeat_models.served import ServedScorer

T = TypeVar("T")


class FallbackScorer:
    """Answers with the first scorer until it raises, then for good with a second one built at that moment.

    A CUDA error is sticky: every later call in the process fails too, so there is no way back to the device but a
    restart. Carried state is lost with the device; sensors start anew and have it back after a window's length.

    Args:
        first: the scorer to begin with, on the GPU as a rule.
        build_second: makes the scorer to go on with, on the CPU; None where the first one is that already, since the
            device failed before there was a scorer on it.
        on_failure: called once with the error that ended the first scorer.
    """

    def __init__(
        self,
        first: ModelScorer,
        build_second: Callable[[], ModelScorer] | None,
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._scorer = first
        self._build_second = build_second
        self._on_failure = on_failure

    @property
    def device(self) -> str:
        """Where the scorer in use runs."""
        return self._scorer.device

    @property
    def place(self) -> str:
        """Device on which models run now."""
        return self._scorer.place

    def exchange(self, group: int, served: ServedScorer, long: GroupScorer | None) -> None:
        """Exchange a model of the scorer in use."""
        self._scorer.exchange(group, served, long)

    @property
    def degraded(self) -> bool:
        """Whether the first scorer was given up."""
        return self._build_second is None

    def step(self, job: StepJob) -> StepResult | None:
        """Answer a job, on the second scorer if the first fails at it."""
        return self._answer(lambda scorer: scorer.step(job))

    def window(self, job: WindowJob) -> WindowResult | None:
        """Answer a job, on the second scorer if the first fails at it."""
        return self._answer(lambda scorer: scorer.window(job))

    def rebuild(self, job: StepJob) -> None:
        """Rebuild carried state, on the second scorer if the first fails at it."""
        self._answer(lambda scorer: scorer.rebuild(job))

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Forget carried state, on the second scorer if the first fails at it."""
        self._answer(lambda scorer: scorer.reset(group, sensor))

    def _answer(self, ask: Callable[[Scorer], T]) -> T:
        try:
            return ask(self._scorer)
        except RuntimeError as error:  # what torch raises for CUDA errors and for lack of device memory
            if self._build_second is None:
                raise
            self._on_failure(error)
            self._scorer = self._build_second()
            self._build_second = None
            return ask(self._scorer)
