"""Does the default travel? The sets thinned, with short faults, learnt from spoilt rows; beside simple detectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.played_variants import COMPARED_LEVEL, OURS
from tests.benchmarks.detection.recorded import LABELLED, UNLABELLED
from tests.benchmarks.detection.rules import WITHOUT_MODEL, rules
from tests.benchmarks.detection.sections import robustness, sets
from tests.benchmarks.detection.step import Step
from tests.benchmarks.detection.variants import BOTH, INJECTED, SPOILT, WHOLE, thin

TITLE = "Variants of the recorded sets"
COPIES_COST = {"iot_telemetry": 60, "conduits": 80}
SPOILT_COST = {
    "skab": 60, "nab": 60, "lro": 80, "ms_cloud": 60, "smap": 70, "smd8": 90, "iot_telemetry": 60, "conduits": 80,
}  # fmt: skip
NAMES = {
    WHOLE: "as they are",
    thin(COMPARED_LEVEL): f"thinned to {COMPARED_LEVEL} %",
    SPOILT: "c: 5 % of what is learnt from spoilt",
    INJECTED: "i: short faults in the test part",
    BOTH: "ic: both",
}
SIMPLE = (
    "max abs z", "mean of 25 abs z", "robust z", "abs difference", "jump over gap", "PCA of lags",
    "isolation forest of lags",
)  # fmt: skip

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Average precision of what the daemon scores and of simple detectors on the same rows. Spoilt: blocks of 1 to 40 "
    "rows shifted by 3 to 8 deviations of one channel, in what lies before the test time. Short faults: a spike of a "
    "row, a jump of some rows, a step after some rows that are missing, 3 to 8 deviations of one channel; they are "
    "what is to be found, and the rows of the recording's own events are not judged. iot_telemetry and conduits have "
    "no labels of their own. Series and steps of training as in the section of thinned recordings."
)
RULES = (
    "Choices of streams and rules of fusion, over the streams that need no model, on the whole recorded sets (`sets`: "
    "their mean) and on the mean over sets of each variant (`variants`: the mean of these). Nobody labelled the "
    "variants by hand."
)


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section; those of the clean recordings are the thinned recordings', too."""
    known = [name for name in (*LABELLED, *UNLABELLED) if name in of]
    clean = robustness.steps(of) + [
        Step(f"copies-{name}", "played_variants:learnt_clean", {"name": name}, (name,), COPIES_COST[name])
        for name in known
        if name in COPIES_COST
    ]
    return clean + [
        Step(f"spoilt-{name}", "played_variants:learnt_spoilt", {"name": name}, (name,), SPOILT_COST[name])
        for name in known
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    means = {variant: _figures(by) for variant, by in result["AP"].items() if variant in NAMES}
    return f"{name}: " + "; ".join(
        f"{variant} {tables.text(one[OURS])}, best simple {tables.text(_best_simple(one))}"
        for variant, one in means.items()
    )


def render(results: Results) -> list[str]:
    """Return the tables."""
    found = {variant: of for variant in NAMES if (of := _by_set(results, variant))}
    if not found:
        return ["No recorded sets are here; name their folder by `OFFBEAT_DATA`.", ""]
    lines = [WHAT, ""]
    for variant, of in found.items():
        lines += [f"**{NAMES[variant]}**", "", *_table(of), ""]
    lines += [*_verdict(found), "", RULES, "", *_rules(found, sets.of_sets(results)), ""]
    return lines


def _by_set(results: Results, variant: str) -> dict[str, dict[str, float]]:
    """Return the figures of a variant by set."""
    steps = [(name, step) for name in (*LABELLED, *UNLABELLED) for step in ("copies", "spoilt")]
    return {
        name: _figures(one["AP"][variant])
        for name, step in steps
        if (one := results.get(f"{step}-{name}")) is not None and variant in one["AP"]
    }


def _figures(by_detector: Mapping[str, Any]) -> dict[str, float]:
    """Return a figure for each detector: the mean where there is one a series."""
    means = {
        name: float(np.mean(list(one.values()))) if isinstance(one, Mapping) and one else one
        for name, one in by_detector.items()
    }
    return {name: one for name, one in means.items() if isinstance(one, float)}


def _best_simple(figures: Mapping[str, float]) -> float:
    return max(figures[name] for name in SIMPLE)


def _table(of: Mapping[str, Mapping[str, float]]) -> list[str]:
    columns = {name: {**one, "best simple one": _best_simple(one)} for name, one in of.items()}
    rows = [OURS, WITHOUT_MODEL, "best simple one", *SIMPLE]
    columns["mean"] = {row: _mean(columns, row) for row in rows}
    return tables.by_column("detector", columns, rows)


def _verdict(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Return how ours stands beside the one simple detector that is best on the mean, and the best of each set."""
    lines = []
    for variant, of in found.items():
        steady = max(SIMPLE, key=lambda name: _mean(of, name))
        best = float(np.mean([_best_simple(one) for one in of.values()]))
        above = sum(one[OURS] >= _best_simple(one) for one in of.values())
        lines.append(
            f"- {NAMES[variant]}: ours {tables.text(_mean(of, OURS))}; best simple detector for all "
            f"{tables.text(_mean(of, steady))} ({steady}); the best of each set {tables.text(best)}, reached on "
            f"{above} of {len(of)}."
        )
    return lines


def _rules(found: Mapping[str, Mapping[str, Mapping[str, float]]], whole: Results) -> list[str]:
    """Return the table of rules: on each whole set, on the mean of the sets, on the mean of each variant."""
    names = list(rules())
    columns: dict[str, dict[str, float]] = {
        of: {name: one["rules"][name] for name in names} for of, one in whole.items()
    }
    means = {"sets": columns} if columns else {}
    means |= {variant: of for variant, of in found.items() if variant != WHOLE}
    heads = {head: {name: _mean(of, name) for name in names} for head, of in means.items()}
    of_variants = {head: of for head, of in heads.items() if head != "sets"}
    if of_variants:
        heads["variants"] = {name: _mean(of_variants, name) for name in names}
    return tables.by_column("streams or rule", columns | heads, names)


def _mean(of: Mapping[str, Mapping[str, float]], name: str) -> float:
    return float(np.mean([one[name] for one in of.values()]))
