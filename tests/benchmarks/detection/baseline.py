"""A baseline in the model's place, through the production path: what it says alone, and beside the cheap streams."""

from __future__ import annotations

from typing import Any

from offbeat_models.baselines.registry import BASELINES
from tests.benchmarks.detection import played_set
from tests.benchmarks.detection.isolation_forest import Forests
from tests.benchmarks.detection.played_set import ALL, MODEL_ALONE
from tests.benchmarks.detection.recorded import read_set


def measure(name: str, family: str) -> dict[str, Any]:
    """Return the average precision on one set.

    Args:
        name: of the set.
        family: of the baseline; the isolation forest is one for the benchmark only.
    """
    BASELINES.setdefault(Forests.family, Forests)
    recorded = read_set(name)
    result = played_set.backtest(recorded, family=family)
    wanted = {key: streams for key, streams in played_set.choices().items() if key in (ALL, MODEL_ALONE)}
    return played_set.precision_by_choice(result, recorded.labels, recorded.splits, wanted)
