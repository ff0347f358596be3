"""The scorer of a daemon without an artifact."""

from __future__ import annotations

import numpy as np

from offbeat.core.jobs import StepJob, WindowJob
from offbeat.scoring.scorer import NoScorer, Scorer


def test_it_has_no_opinion_about_anything() -> None:
    """It keeps the contract, and says so where it runs."""
    scorer: Scorer = NoScorer()
    one, zero = np.zeros((1, 1, 1), np.float32), np.zeros(1, np.int64)
    slots = np.zeros(1, np.int32)
    step = StepJob(0, slots, zero, one, one, one[..., 0], zero + 1)
    assert scorer.step(step) is None
    assert scorer.window(WindowJob(0, slots, zero, one, one, one[..., 0], zero + 1, 1, np.zeros(1))) is None
    scorer.rebuild(step)
    scorer.reset(0, slots)
    assert scorer.step(step) is None
    assert scorer.device == "none"
