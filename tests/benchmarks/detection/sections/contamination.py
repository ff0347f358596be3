"""(e) What faults in the past cost: recall after learning from clean and from spoilt recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.injected import HYBRID, SIMPLE
from tests.benchmarks.detection.step import Step

TITLE = "Learning from a past with faults in it"
BAR = 0.9
"""Share of the recall that is to be kept."""
SHARE = 0.05
FLEETS = ("univariate", "multichannel")
SEEDS = (0, 1)
COST = {"univariate": 20, "multichannel": 15}

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Mean recall as in the section of injected faults, on a third of its sensors and with a short training, after "
    f"learning from a clean past and from one with faults of values in {SHARE:.0%} of its readings. Left out: share of "
    "the rows that training did not learn from, with the echo of what it doubted; found: share of the anomalous rows "
    "among them."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [
        Step(
            _name(fleet, seed, share),
            "contamination:measure",
            {"fleet": fleet, "seed": seed, "share": share},
            cost=COST[fleet],
        )
        for fleet in FLEETS
        for seed in SEEDS
        for share in (0.0, SHARE)
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    recall = result["recall"]
    return f"{name}: hybrid {tables.text(recall[HYBRID])}, simple bag {tables.text(recall[SIMPLE])}"


def render(results: Results) -> list[str]:
    """Return the table, and whether the bar is met by each fleet on the mean of the seeds."""
    rows: list[list[Any]] = []
    verdicts = []
    for fleet in FLEETS:
        pairs = [pair for seed in SEEDS if (pair := _pair(results, fleet, seed)) is not None]
        rows += [_row(f"{fleet}, seed {seed}", *pair) for seed, pair in _by_seed(results, fleet)]
        if len(pairs) == len(SEEDS):
            verdicts.append(f"{fleet} {tables.met(_kept(pairs), BAR)}")
    if not rows:
        return [WHAT, "", "Not measured.", ""]
    head = ["", *(f"{name} {part}" for name in (HYBRID, SIMPLE) for part in ("clean", "spoilt", "kept"))]
    head += ["left out, clean", "left out, spoilt", "found"]
    said = [f"Kept by the hybrid over all seeds: {', '.join(verdicts)}.", ""] if verdicts else []
    return [WHAT, "", *tables.table(head, rows, 2), "", *said]


def _by_seed(results: Results, fleet: str) -> list[tuple[int, tuple[Mapping[str, Any], Mapping[str, Any]]]]:
    return [(seed, pair) for seed in SEEDS if (pair := _pair(results, fleet, seed)) is not None]


def _row(name: str, clean: Mapping[str, Any], spoilt: Mapping[str, Any]) -> list[Any]:
    cells: list[Any] = [name]
    for detector in (HYBRID, SIMPLE):
        before, after = clean["recall"][detector], spoilt["recall"][detector]
        cells += [before, after, after / before]
    return [*cells, clean["left_out"], spoilt["left_out"], spoilt["found"]]


def _kept(pairs: list[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> float:
    clean, spoilt = (float(np.mean([pair[i]["recall"][HYBRID] for pair in pairs])) for i in range(2))
    return spoilt / clean


def _pair(results: Results, fleet: str, seed: int) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    names = [_name(fleet, seed, share) for share in (0.0, SHARE)]
    return (results[names[0]], results[names[1]]) if all(name in results for name in names) else None


def _name(fleet: str, seed: int, share: float) -> str:
    return f"contamination-{fleet}-seed{seed}-{share:.0%}".removesuffix("%")
