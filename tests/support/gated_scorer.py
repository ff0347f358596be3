"""A scorer that answers when a test lets it."""

from __future__ import annotations

import threading

from offbeat.core.jobs import StepJob, StepResult
from offbeat.testing.fake_scorer import FakeScorer

PATIENCE_SECONDS = 30.0


class GatedScorer(FakeScorer):
    """The fake scorer behind a gate: a step waits in front of it until the test opens it.

    Args:
        is_open: whether it is open from the start.
    """

    def __init__(self, is_open: bool = False) -> None:
        super().__init__(sensors=4096)
        self.gate = threading.Event()
        self.rows: list[int] = []
        if is_open:
            self.gate.set()

    def step(self, job: StepJob) -> StepResult:
        """Wait for leave, note how many rows are asked about, and answer."""
        if not self.gate.wait(PATIENCE_SECONDS):
            raise TimeoutError("the test never opened the gate")
        self.rows.append(int(job.lengths.sum()))
        return super().step(job)
