"""The baselines that a user can choose, in the model's place on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offbeat_models.baselines.registry import BASELINES
from tests.benchmarks.detection import tables
from tests.benchmarks.detection.played_set import ALL, MODEL_ALONE, WITHOUT_MODEL
from tests.benchmarks.detection.step import Step

TITLE = "Baselines in the model's place"
SETS = ("skab", "lro", "ms_cloud")
"""Of water, of rivers and of servers; the others take longer than they tell."""
FOREST = "isolation_forest"
COST = {"skab": 15, "lro": 40, "ms_cloud": 45, FOREST: 70}

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Average precision through the production path, with a baseline where the model is. Alone: the fused surprise of "
    "its streams only. Fused: with all cheap streams, as the score is made. The isolation forest is played on one set: "
    "it judges row by row, which takes it long; as a simple detector it stands in the table of the recorded sets."
)


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [_step(name, family) for name in SETS if name in of for family in _families(name)]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    return f"{name}: AP {tables.text(result[MODEL_ALONE])} alone, {tables.text(result[ALL])} fused"


def render(results: Results) -> list[str]:
    """Return the table."""
    here = [name for name in SETS if any(step.startswith(f"baseline-{name}-") for step in results)]
    if not here:
        return ["Not measured.", ""]
    choices = {f"{name}, {said}": (name, key) for name in here for said, key in _CHOICES.items()}
    rows: list[list[tables.Cell]] = [
        [family, *(_found(results, name, family, key) for name, key in choices.values())]
        for family in ("lstm_vae", *BASELINES, FOREST)
    ]
    cheap = [results.get(f"set-{name}", {}).get("choices", {}).get(WITHOUT_MODEL) for name in here]
    rows.append(["none", *(cell for value in cheap for cell in (None, value))])
    return [WHAT, "", *tables.table(["in the model's place", *choices], rows), ""]


_CHOICES = {"alone": MODEL_ALONE, "fused": ALL}


def _families(name: str) -> list[str]:
    return [*BASELINES, FOREST] if name == "skab" else list(BASELINES)


def _step(name: str, family: str) -> Step:
    arguments = {"name": name, "family": family}
    cost = COST[FOREST] if family == FOREST else COST[name]
    return Step(f"baseline-{name}-{family}", "baseline:measure", arguments, (name,), cost)


def _found(results: Results, name: str, family: str, key: str) -> float | None:
    if family in (*BASELINES, FOREST):
        value: float | None = results.get(f"baseline-{name}-{family}", {}).get(key)
        return value
    of_set: float | None = results.get(f"set-{name}", {}).get("choices", {}).get(key)
    return of_set
