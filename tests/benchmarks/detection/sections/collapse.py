"""Does any family of models ever learn to ignore its window?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offbeat_models.registry import FAMILIES
from tests.benchmarks.detection import collapse, tables
from tests.benchmarks.detection.step import Step

TITLE = "Collapse of the latent"
COST = {"lstm_vae": 130, "attention_vae": 160, "conv_vae": 160}

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    f"Each family is trained {collapse.SEEDS} times for {collapse.STEPS} steps on {collapse.SENSORS} sensors. A latent "
    "has collapsed that says nothing, or of which the decoder makes nothing: the window is rebuilt no better than by a "
    "constant. Figures are of what was held back, in nats."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [
        Step(_name(family), "collapse:measure", {"family": family}, cost=COST.get(family, 150))
        for family in FAMILIES
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    return f"{name}: {result['collapsed']} of {len(result['runs'])} seeds collapsed"


def render(results: Results) -> list[str]:
    """Return the tables."""
    found = {family: results[_name(family)] for family in FAMILIES if _name(family) in results}
    if not found:
        return [WHAT, "", "Not measured.", ""]
    ended = [run for family, one in found.items() for run in collapse.runs_of(family, one)]
    collapsed = sum(run.collapsed for run in ended)
    verdict = (
        f"{collapsed} of {len(ended)} trainings collapsed (bar: never, {'NOT met' if collapsed else 'met'})."
    )
    return [WHAT, "", *tables.table(collapse.HEAD, collapse.rows(ended)), "", verdict, ""]


def _name(family: str) -> str:
    return f"collapse-{family}"
