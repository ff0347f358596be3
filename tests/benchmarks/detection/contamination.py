"""Recall of injected faults after learning from a past that holds faults itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from offbeat.app.training import train_group
from tests.benchmarks.detection import suite
from tests.benchmarks.detection.injected import EVERY, HYBRID, learnt_scores, recall_by_fault
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.detection.suite import Fleet

WITH_MODEL, WITHOUT_MODEL = "lstm_vae", "robust_z"
"""Families: what is without a model to train can be asked on many sensors and seeds."""
WINDOWS = 2
CLEAN_COPIES = {WITH_MODEL: 24, WITHOUT_MODEL: 8}
"""For as many healthy windows, 1,680 and 600 or 560, of few sensors as of many: one in a hundred is to be some."""
STEPS = 100
"""Fewer than the other sections allow: it is the difference that is asked for."""
FLEETS = {"univariate": suite.univariate, "multichannel": suite.multichannel}
FEW = {"univariate": 14, "multichannel": 5}
"""Sensors of a training: every shape with two rhythms, or five shapes once."""


def measure(fleet: str, seed: int, share: float, family: str = WITHOUT_MODEL) -> dict[str, Any]:
    """Learn a fleet from a past with faults in it, play new faults; return the recall and what training left out.

    Args:
        fleet: name of `FLEETS`.
        seed: of the signals and of the training.
        share: of the readings of the past that are anomalous.
        family: `WITH_MODEL` or `WITHOUT_MODEL`; the former on a third of the sensors.
    """
    sensors = FLEETS[fleet](FEW[fleet]) if family == WITH_MODEL else FLEETS[fleet]()
    past = suite.contaminated_history(sensors, seed, share) if share else suite.history(sensors, seed)
    plan = replace(plan_for(past, seed, family), steps=STEPS, compare=False)
    trained = train_group(past, plan)
    played = suite.cases(sensors, seed, WINDOWS, CLEAN_COPIES[family])
    said = learnt_scores(trained, past, played, plan)
    faulty = faulty_rows(sensors, seed, past)
    hidden = [trained.doubts.of(one.sensor, one.times_seconds) for one in past]
    left_out, spoilt = np.concatenate(hidden), np.concatenate(faulty)
    return {
        "recall": {name: recall_by_fault(played.windows, said[name])["mean"] for name in (HYBRID, EVERY)},
        "left_out": float(left_out.mean()),
        "anomalous": float(spoilt.mean()),
        "found": float(left_out[spoilt].mean()) if spoilt.any() else None,
        "sensors": len(sensors.specs),
    }


def faulty_rows(
    fleet: Fleet, seed: int, past: list[suite.Series]
) -> list[np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return which rows of a past are not as they were without faults."""
    pairs = zip(suite.history(fleet, seed), past, strict=True)
    return [~np.isclose(was.values, now.values, equal_nan=True).all(axis=1) for was, now in pairs]
