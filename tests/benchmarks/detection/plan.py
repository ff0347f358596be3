"""How long a model is trained in the benchmark: one rule for every set."""

from __future__ import annotations

from collections.abc import Sequence

from offbeat.app.training import TrainingPlan
from offbeat.replay.series import Series

FEWEST_STEPS = 300
MOST_STEPS = 600
ROWS_PER_STEP = 100
"""A set of so many rows to learn from gets one step; small sets are learnt by heart soon, large ones cost time."""


def steps_for(rows: int) -> int:
    """Return the training steps for a set with so many rows to learn from."""
    return min(max(rows // ROWS_PER_STEP, FEWEST_STEPS), MOST_STEPS)


def plan_for(past: Sequence[Series], seed: int = 0, family: str = "lstm_vae") -> TrainingPlan:
    """Return how to learn from recordings: the defaults but for the steps, on one thread of the CPU.

    The model is not compared with baselines as `offbeat train` does: the benchmark has its own sections for that.

    Args:
        past: what is learnt from.
        seed: of the training.
        family: of the model.
    """
    steps = steps_for(sum(map(len, past)))
    return TrainingPlan(family=family, steps=steps, seed=seed, device="cpu", threads=1, compare=False)
