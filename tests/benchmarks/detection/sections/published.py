"""(d) Scores that others have published on the same recordings, computed as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.detection import nab, skab, tables
from tests.benchmarks.detection.sections import sets
from tests.benchmarks.detection.step import Step

TITLE = "Beside published scores"
NAB_BAR, NAB_AIM = 60.0, 75.0
NAB_PUBLISHED = {
    "ARTime": 74.9, "Numenta HTM": 70.5, "CAD OSE": 69.9, "earthgecko Skyline": 58.2, "KNN-CAD": 58.0,
    "Relative Entropy": 54.6, "Random Cut Forest": 51.7, "Twitter ADVec": 47.1,
}  # fmt: skip
GAUSSIAN, RANDOM = 39.6, 11.0
GAUSSIAN_TOLERANCE, RANDOM_TOLERANCE = 1.0, 3.0
"""Of the published: its threshold was climbed to, ours is the best; and a random score is one draw."""

F1_BAR, F1_AIM = 0.78, 0.85
SKAB_PUBLISHED = {
    "Conv-AE": (0.78, 13.6, 28.0), "MSET": (0.78, 39.7, 14.1), "T2+Q of PCA": (0.76, 26.6, 24.9),
    "LSTM-AE": (0.74, 30.0, 25.9), "LSTM-VAE": (0.56, 9.1, 55.0), "Isolation Forest": (0.29, 2.6, 82.9),
}  # fmt: skip

Results = Mapping[str, Mapping[str, Any]]

NAB_WHAT = (
    "Numenta Anomaly Benchmark, standard profile: 58 files in streaming mode, learnt on the first 15 % of each file, "
    "750 rows at most, which are not judged; one configuration, and one threshold for all files, which the benchmark "
    "chooses by the score. A product that alerts is judged by its alerts: what counts is the first line, the openings "
    "of its episodes, where the threshold is the p-value that opens one; the state machine is the one in service. At "
    "the default budget that p-value follows from the budget and the sensor's rate of rows, and the p-values of rows "
    "are the trailing calibration's, which learns on; nothing was chosen by labels. Told at most once in "
    "4 hours (the memory of the streams), re-openings count as one. A score of every row repeats itself while an "
    "anomaly lasts, and each row outside the windows costs."
)
SKAB_WHAT = (
    "Skoltech Anomaly Benchmark, outlier detection: rows of all 34 files together, called anomalous or not by a "
    "threshold that no label has seen. Severity 1 is, by the rows learnt from, the boundary of one false alert a week. "
    "Rates are per cent: of the rows after the 400 that are learnt from, and, in brackets, with these as calm rows "
    "more, which is how the published ones are counted."
)


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section, which are some of the recorded sets'."""
    return [step for step in sets.steps(of) if step.name in ("set-nab", "set-skab")]


summary = sets.summary


def render(results: Results) -> list[str]:
    """Return the tables."""
    lines = []
    if scored := _by_seed(results, "set-nab", "benchmark score"):
        lines += _nab(scored[0], [one["ours"][nab.ALERTS]["score"] for one in scored])
    if called := _by_seed(results, "set-skab", "rows"):
        lines += _skab(called[0], [one[skab.BOUNDARY]["test rows"]["f1"] for one in called])
    return lines or ["Not measured.", ""]


def _by_seed(results: Results, step: str, key: str) -> list[Mapping[str, Any]]:
    """Return what a set's steps found, that of the first seed first; empty without that one."""
    if key not in results.get(step, {}):
        return []
    others = [name for name in sorted(results) if name.startswith(f"{step}-seed")]
    return [results[name][key] for name in (step, *others) if key in results[name]]


def _seeds(values: Sequence[float], digits: int) -> str:
    """Return what the seeds found, each, where there is more than one."""
    if len(values) < 2:
        return ""
    if len(set(values)) == 1:
        return f" with each of {len(values)} seeds: the model they train has no vote"
    return f" as the mean of {len(values)} seeds ({', '.join(tables.text(one, digits) for one in values)})"


def _nab(found: Mapping[str, Any], by_seed: Sequence[float]) -> list[str]:
    ours = found["ours"]
    head = ["detector", "score", "published", "found", "of", "false", "threshold"]
    rows: list[list[tables.Cell]] = [
        [f"ours: {name}", one["score"], None, one["found"], one["windows"], one["false"], _number(one)]
        for name, one in ours.items()
    ]
    gaussian, drawn = found["windowed Gaussian"], found["random"]
    rows += [[name, None, score, None, None, None, None] for name, score in NAB_PUBLISHED.items()]
    rows += [
        ["windowed Gaussian, recomputed", gaussian["score"], GAUSSIAN, gaussian["found"], gaussian["windows"],
         gaussian["false"], None],
        [f"random, mean of {len(drawn)} draws", float(np.mean(drawn)), RANDOM, None, None, None, None],
        ["no detection", 0.0, 0.0, 0, gaussian["windows"], 0, None],
    ]  # fmt: skip
    score = tables.met(float(np.mean(by_seed)), NAB_BAR, 1) + _seeds(by_seed, 1)
    verdict = f"Ours: {score}, aim above {NAB_AIM:g}. {_scorer(gaussian['score'], drawn)}"
    return [NAB_WHAT, "", *tables.table(head, rows, 1), "", verdict, ""]


def _scorer(gaussian: float, drawn: list[float]) -> str:
    """Say whether the scorer gives what is published to the detectors that can be recomputed."""
    mean = float(np.mean(drawn))
    right = abs(gaussian - GAUSSIAN) <= GAUSSIAN_TOLERANCE and abs(mean - RANDOM) <= RANDOM_TOLERANCE
    return (
        f"The scorer is {'right' if right else 'NOT right'}: the windowed Gaussian is {abs(gaussian - GAUSSIAN):.1f} "
        f"from what is published (tolerance {GAUSSIAN_TOLERANCE:g}), the random detector {abs(mean - RANDOM):.1f} "
        f"(tolerance {RANDOM_TOLERANCE:g}; one draw scores {min(drawn):.0f} to {max(drawn):.0f})."
    )


def _number(one: Mapping[str, Any]) -> float | None:
    """Return a threshold that means something: alerts are there or not."""
    return None if one["threshold"] == 1.0 else one["threshold"]


def _skab(rows: Mapping[str, Any], by_seed: Sequence[float]) -> list[str]:
    head = ["detector", "F1", "false alarms %", "missed %"]
    cells: list[list[tables.Cell]] = [_row(name, one) for name, one in rows.items()]
    cells += [
        [f"{name}, published", tables.text(f1, 2), f"({false:.1f})", f"{missed:.1f}"]
        for name, (f1, false, missed) in SKAB_PUBLISHED.items()
    ]
    of_all = tables.text(rows["all rows"]["test rows"]["f1"])
    verdict = (
        f"Ours: F1 {tables.met(float(np.mean(by_seed)), F1_BAR)}{_seeds(by_seed, 3)}, aim {tables.text(F1_AIM, 2)}. "
        f"An alarm at every row is worth {of_all}: F1 says little on a set of which more than half is labelled."
    )
    return [SKAB_WHAT, "", *tables.table(head, cells), "", verdict, ""]


def _row(name: str, one: Mapping[str, Any]) -> list[tables.Cell]:
    test, whole = one["test rows"], one.get("whole files")
    beside = "" if whole is None else f" ({100 * whole['false_alarm_share']:.1f})"
    return [
        f"ours: {name}" if whole is not None else name,
        test["f1"],
        f"{100 * test['false_alarm_share']:.1f}{beside}",
        f"{100 * test['missed_share']:.1f}",
    ]
