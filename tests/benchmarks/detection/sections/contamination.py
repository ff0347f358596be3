"""(e) What faults in the past cost: recall after learning from clean and from spoilt recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.contamination import WITH_MODEL, WITHOUT_MODEL
from tests.benchmarks.detection.injected import EVERY, HYBRID
from tests.benchmarks.detection.step import Step

TITLE = "Learning from a past with faults in it"
BAR = 0.9
"""Share of the recall that is to be kept."""
SHARE = 0.05
FLEETS = ("univariate", "multichannel")
SEEDS = (20, 21, 22)
"""Nothing was chosen on any of these."""
TRAINED = SEEDS[:1]
"""On which a model is trained, too."""
COST = {"univariate": 50, "multichannel": 25}
HEARD = {WITHOUT_MODEL: HYBRID, WITH_MODEL: EVERY}
"""The detector that is asked, by family."""

Pair = tuple[Mapping[str, Any], Mapping[str, Any]]
Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Mean recall as in the section of injected faults after learning from a clean past and from one with faults of "
    f"values in {SHARE:.0%} of its readings: of the hybrid on all sensors, and with the model on a third of them, "
    "with a short training. Kept: spoilt over clean. Left out: share of the rows that training did not learn from, "
    "with the echo of what it doubted; found: share of the anomalous rows among them. Nothing was chosen on the seeds."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [
        Step(
            _name(fleet, family, seed, share),
            "contamination:measure",
            {"fleet": fleet, "seed": seed, "share": share, "family": family},
            cost=COST[fleet],
        )
        for family in HEARD
        for fleet in FLEETS
        for seed in _seeds(family)
        for share in (0.0, SHARE)
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    recall = result["recall"]
    return f"{name}: hybrid {tables.text(recall[HYBRID])}, with the model {tables.text(recall[EVERY])}"


def render(results: Results) -> list[str]:
    """Return the table, and whether the bar is met by each fleet on the mean of the seeds, with their spread."""
    rows: list[list[Any]] = []
    verdicts = []
    for family, detector in HEARD.items():
        for fleet in FLEETS:
            pairs = _pairs(results, fleet, family)
            rows += [
                _row(f"{detector}, {fleet}, seed {seed}", detector, *pair) for seed, pair in pairs.items()
            ]
            if len(pairs) == len(_seeds(family)):
                verdicts.append(f"{detector}, {fleet} {_kept(detector, list(pairs.values()))}")
    if not rows:
        return [WHAT, "", "Not measured.", ""]
    head = ["", "clean", "spoilt", "kept", "left out, clean", "left out, spoilt", "found"]
    said = [f"Kept: {'; '.join(verdicts)}.", ""] if verdicts else []
    return [WHAT, "", *tables.table(head, rows, 3), "", *said]


def _seeds(family: str) -> tuple[int, ...]:
    return TRAINED if family == WITH_MODEL else SEEDS


def _pairs(results: Results, fleet: str, family: str) -> dict[int, Pair]:
    """Return what was measured with a clean and with a spoilt past, by seed that has both."""
    out = {}
    for seed in _seeds(family):
        clean, spoilt = (_name(fleet, family, seed, share) for share in (0.0, SHARE))
        if clean in results and spoilt in results:
            out[seed] = results[clean], results[spoilt]
    return out


def _row(name: str, detector: str, clean: Mapping[str, Any], spoilt: Mapping[str, Any]) -> list[Any]:
    before, after = clean["recall"][detector], spoilt["recall"][detector]
    return [name, before, after, after / before, clean["left_out"], spoilt["left_out"], spoilt["found"]]


def _kept(detector: str, pairs: list[Pair]) -> str:
    """Return the share of the recall that is kept beside its bar, with its spread where there are several seeds."""
    kept = [spoilt["recall"][detector] / clean["recall"][detector] for clean, spoilt in pairs]
    spread = f" ± {tables.text(float(np.std(kept, ddof=1)))} over {len(kept)} seeds" if len(kept) > 1 else ""
    return tables.met(float(np.mean(kept)), BAR) + spread


def _name(fleet: str, family: str, seed: int, share: float) -> str:
    return f"contamination-{fleet}-{family}-{seed}-{round(100 * share)}"
