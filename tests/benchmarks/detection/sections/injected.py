"""(a) Injected faults: recall at 1 % of healthy windows alarmed, by fault and detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat_models.synthetic import FAULT_KINDS
from tests.benchmarks.detection import rules, tables
from tests.benchmarks.detection.injected import EVERY, HYBRID, SCORE, SERVICE, SIMPLE
from tests.benchmarks.detection.step import Step

TITLE = "Injected faults"
BAR, AIM = 0.84, 0.92
FLEETS = ("univariate", "multichannel")
SEEDS = (10, 11, 12)
"""The power of the mean, the votes and the share of rhythm were chosen on 0 to 2: nothing was on these."""
COST = {"univariate": 180, "multichannel": 120}
"""Seconds a step takes on one core to itself: most of it is the training and the playing of thousands of copies."""
ALIKE = 0.005
"""Recalls that differ by less than a window or two are alike."""
MEAN = "mean"
BESIDE = (HYBRID, SCORE, SERVICE, SIMPLE)
COMPARED = (HYBRID, SCORE, SERVICE, EVERY, SIMPLE)

Results = Mapping[str, Mapping[str, Any]]


WHAT = (
    "Recall of windows with a fault where 1 % of the healthy windows of all sensors are alarmed; a window of about 32 "
    "readings scores its largest surprise. Each window is a sensor of its own after 192 healthy rows. Learnt from "
    "1,500 healthy rows a sensor; sensors of 7 shapes, 4 rhythms and gaps from 0.1 to 100 s. Hybrid: largest of the "
    "calibrated surprises of the default's tracks, fused as what opens alerts is, and of silence; "
    f"`{SCORE}`: fused as scores are, all streams together. In service "
    f"every track has a share of the budget, which `{SERVICE}` divides by (values .85, "
    "rhythm, stuck and silence .05 each; ceilings, trailing thresholds and that 30 stuck rows are one chance are left "
    "out). Simple bag: levels, regressions, jumps, pace and standstills, fused and calibrated alike. With the model: "
    "the hybrid with all that it says, as `model.vote = true` has it. Each seed has signals, faults and a "
    "training of its own, and nothing was chosen on any of these."
)
SPREAD = "Mean and standard deviation over the seeds; the difference is the hybrid's to the simple bag, seed by seed:"
RULES = "By other rules of fusion of the process track (decision 3), mean over the seeds:"


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [
        Step(
            step_name(fleet, seed),
            "injected:measure",
            {"fleet": fleet, "seed": seed},
            cost=COST[fleet],
        )
        for seed in SEEDS
        for fleet in FLEETS
    ]


def step_name(fleet: str, seed: int) -> str:
    """Return the name of the step of a fleet and a seed."""
    return f"injected-{fleet}-seed{seed}"


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    recall = result["recall"]
    return (
        f"{name}: hybrid {tables.text(recall[HYBRID][MEAN])}, simple bag {tables.text(recall[SIMPLE][MEAN])}"
    )


def render(results: Results) -> list[str]:
    """Return the tables."""
    by_seed = {
        fleet: [results[name] for seed in SEEDS if (name := step_name(fleet, seed)) in results]
        for fleet in FLEETS
    }
    lines = [WHAT, ""]
    seeds = min(map(len, by_seed.values()))
    if seeds:
        lines += _verdict([_ten_faults(*(found[i] for found in by_seed.values())) for i in range(seeds)])
    for fleet, found in by_seed.items():
        if found:
            lines += _fleet(fleet, found)
    return lines


def _fleet(fleet: str, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tables of a fleet: over the seeds what is compared, of the first seed every stream."""
    first = found[0]
    kinds = [kind for kind in (*FAULT_KINDS, MEAN) if kind in first["recall"][HYBRID]]
    rows = [[name, *(recall[kind] for kind in kinds)] for name, recall in first["recall"].items()]
    return [
        f"**{fleet}**, {first['sensors']} sensors, {first['windows']['healthy']:,} healthy windows, {len(found)} seeds",
        "",
        SPREAD,
        "",
        *_spread([one["recall"] for one in found], kinds),
        "",
        *_rules([one["recall"] for one in found], kinds),
        "Of the first seed, every stream alone, too:",
        "",
        *tables.table(["detector", *kinds], rows, 2),
        "",
    ]


def _spread(recalls: Sequence[Mapping[str, Mapping[str, float]]], kinds: Sequence[str]) -> list[str]:
    """Return the table of means and deviations over seeds by fault."""
    rows: list[list[tables.Cell]] = []
    for kind in kinds:
        of = {name: np.array([recall[name][kind] for recall in recalls]) for name in COMPARED}
        rows.append([kind, *(_with_spread(one) for one in (*of.values(), of[HYBRID] - of[SIMPLE]))])
    return tables.table(["fault", *COMPARED, "difference"], rows)


def _rules(recalls: Sequence[Mapping[str, Mapping[str, float]]], kinds: Sequence[str]) -> list[str]:
    """Return the table of the rules of fusion, means over the seeds."""
    rows = [
        [name, *(float(np.mean([recall[name][kind] for recall in recalls])) for kind in kinds)]
        for name in (HYBRID, SCORE, *rules.shapes())
        if name in recalls[0]
    ]
    return [RULES, "", *tables.table(["rule", *kinds], rows), ""]


def _with_spread(figures: NDArray[np.float64]) -> str:
    mean = tables.text(float(figures.mean()))
    return mean if len(figures) == 1 else f"{mean} ± {tables.text(float(figures.std(ddof=1)))}"


def _ten_faults(
    univariate: Mapping[str, Any], multichannel: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Return the recalls of the bar: each fault on sensors of one channel, decoupling on those of several."""
    return {
        name: {
            **{kind: recall for kind, recall in univariate["recall"][name].items() if kind != MEAN},
            "decoupling": multichannel["recall"][name]["decoupling"],
        }
        for name in BESIDE
    }


def _verdict(recalls: Sequence[Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Return the figure of the bar, over the seeds."""
    mean = {
        name: {kind: float(np.mean([one[name][kind] for one in recalls])) for kind in recalls[0][name]}
        for name in BESIDE
    }
    hybrid, simple = mean[HYBRID], mean[SIMPLE]
    service = float(np.mean(list(mean[SERVICE].values())))
    below = [kind for kind in hybrid if hybrid[kind] < simple[kind] - ALIKE]
    return [
        f"Mean over the ten faults (decoupling of the multichannel sensors) and {len(recalls)} seeds: hybrid "
        f"{tables.met(float(np.mean(list(hybrid.values()))), BAR)}, aim {tables.text(AIM)}; {SCORE} "
        f"{tables.text(float(np.mean(list(mean[SCORE].values()))))}; {SERVICE} "
        f"{tables.text(service)}; simple bag "
        f"{tables.text(float(np.mean(list(simple.values()))))}. "
        + (
            f"Hybrid below the simple bag on: {', '.join(below)}."
            if below
            else "Hybrid below the bag on no fault."
        ),
        "",
    ]
