"""What the model adds, with and without it in the same run, and whether that is more than noise between seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.injected import EVERY, HYBRID
from tests.benchmarks.detection.played_set import ALL, WITHOUT_MODEL
from tests.benchmarks.detection.sections import injected, sets
from tests.benchmarks.detection.step import Step

TITLE = "With and without the model, three seeds"
SET_SEEDS = (0, 1, 2)
"""The first is the one that the section of the recorded sets measures."""
SETS = ("skab", "nab", "lro", "ms_cloud")
"""Recorded sets that are learnt with every seed; the other two are as long as these four together."""
AGAIN = 0.7
"""Cost of a step for another seed: it looks at fewer choices of streams and at no simple detectors."""
CONFIDENCE = 0.95
"""Two-sided: more than noise is a mean whose interval by Student's law, for as few seeds as there are, is above 0."""
AIM = 0.03
MODEL = (EVERY, HYBRID)
"""What is compared on the suite."""

Results = Mapping[str, Mapping[str, Any]]
Pair = tuple[float, float]

WHAT = (
    "Average precision on four of the six recorded sets of the severity made of all streams, and of all but those that "
    "need the model. Recall on the injected suite of all that the model says beside the default, and of the default, "
    "which hears nothing of it. Another seed is another training, and other signals in the suite. Spread: standard "
    "deviation over the seeds."
)


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section: those of the first seed belong to other sections, too."""
    first = sets.steps(of)
    again = [step for step in first if step.arguments["name"] in SETS]
    return [*injected.steps(of), *first, *(_again(step, seed) for seed in SET_SEEDS[1:] for step in again)]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    with_it, without = _pair(result)
    return f"{name}: {tables.text(with_it)} with the model, {tables.text(without)} without"


def render(results: Results) -> list[str]:
    """Return the tables."""
    found = {name: _pairs(results, name) for name in (*_of_suite(), *_of_sets())}
    whole = {name: pairs for name, pairs in found.items() if len(pairs) == len(_steps_of(name))}
    lines = [WHAT, ""]
    if not whole:
        return [*lines, "Not measured.", ""]
    head = ["", "with", "without", "gain", "spread of the gain"]
    rows = [_row(name.removeprefix("set-"), pairs) for name, pairs in whole.items()]
    of_sets = [pairs for name, pairs in whole.items() if name in _of_sets()]
    of_suite = [pairs for name, pairs in whole.items() if name in _of_suite()]
    rows += [_row("mean of the sets", _mean(of_sets))] if of_sets else []
    rows += [_row("mean of the suite", _mean(of_suite))] if of_suite else []
    lines += [*tables.table(head, rows), ""]
    lines += [f"On the recorded sets {_verdict(_mean(of_sets))}", ""] if of_sets else []
    lines += [f"On the injected suite {_verdict(_mean(of_suite))}", ""] if of_suite else []
    return lines


def _again(step: Step, seed: int) -> Step:
    arguments = {**step.arguments, "seed": seed}
    return Step(f"{step.name}-seed{seed}", step.function, arguments, step.data, AGAIN * step.cost)


def _of_sets() -> list[str]:
    return [f"set-{name}" for name in SETS]


def _of_suite() -> list[str]:
    return [f"injected-{fleet}" for fleet in injected.FLEETS]


def _steps_of(name: str) -> list[str]:
    """Return the steps of a set or a fleet, a seed each."""
    if name in _of_suite():
        return [injected.step_name(name.removeprefix("injected-"), seed) for seed in injected.SEEDS]
    return [f"{name}-seed{seed}" if seed else name for seed in SET_SEEDS]


def _pairs(results: Results, name: str) -> list[Pair]:
    """Return the figures with and without the model, by seed."""
    return [_pair(results[step]) for step in _steps_of(name) if step in results]


def _pair(result: Mapping[str, Any]) -> Pair:
    if "recall" in result:
        with_it, without = (result["recall"][name]["mean"] for name in MODEL)
        return with_it, without
    return result["choices"][ALL], result["choices"][WITHOUT_MODEL]


def _mean(of: list[list[Pair]]) -> list[Pair]:
    """Return the mean over sets, by seed."""
    means = np.mean(np.array(of), axis=0)
    return [(float(with_it), float(without)) for with_it, without in means]


def _row(name: str, pairs: list[Pair]) -> list[tables.Cell]:
    with_it, without = np.array(pairs).T
    gain = with_it - without
    return [name, float(with_it.mean()), float(without.mean()), float(gain.mean()), float(gain.std(ddof=1))]


def _verdict(pairs: list[Pair]) -> str:
    with_it, without = np.array(pairs).T
    gain = with_it - without
    error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
    needed = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(gain) - 1))
    more = float(gain.mean()) > needed * error
    return (
        f"the model adds {tables.signed(float(gain.mean()))} ({len(gain)} seeds, standard error "
        f"{tables.text(error, 4)}): {'more than noise' if more else 'NOT more than noise'} (bar: a gain of more than "
        f"{needed:.2f} standard errors, Student's {CONFIDENCE:.0%} for {len(gain)} seeds; aim {tables.signed(AIM, 2)})."
    )
