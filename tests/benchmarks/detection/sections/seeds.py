"""What the model adds, with and without it in the same run, and whether that is more than noise between seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.injected import EVERY, HYBRID, SIMPLE
from tests.benchmarks.detection.played_set import ALL, WITHOUT_MODEL
from tests.benchmarks.detection.sections import injected, sets
from tests.benchmarks.detection.step import Step

TITLE = "With and without the model, three seeds"
MORE_SEEDS = (1, 2)
"""Beside 0, which the sections of the sets and of the injected faults measure."""
AGAIN = 0.7
"""Cost of a step for another seed: it looks at fewer choices of streams and at no simple detectors."""
STANDARD_ERRORS = 2.0
"""A mean that is so many times its own standard error above zero is more than noise."""
AIM = 0.03
MODEL, VALUES = (HYBRID, SIMPLE), (EVERY, HYBRID)
"""What is compared on the suite: the default with the bag without a model, and all that the model says with it."""

Results = Mapping[str, Mapping[str, Any]]
Pair = tuple[float, float]

WHAT = (
    "Average precision on the recorded sets of the severity made of all streams, and of all but those that need the "
    "model. Recall on the injected suite of the default, which hears what the model says of gaps but not of values, "
    "and of none of it; for values of all that it says, and of the default. Another seed is another training, and "
    "other signals in the suite. Spread: standard deviation over the seeds."
)


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section: those of the first seed belong to other sections, too."""
    first = sets.steps(of)
    return [*injected.steps(of), *first, *(_again(step, seed) for seed in MORE_SEEDS for step in first)]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    with_it, without = _pair(result)
    return f"{name}: {tables.text(with_it)} with the model, {tables.text(without)} without"


def render(results: Results) -> list[str]:
    """Return the tables."""
    found = {name: _pairs(results, name) for name in (*_of_suite(), *_of_sets())}
    whole = {name: pairs for name, pairs in found.items() if len(pairs) == 1 + len(MORE_SEEDS)}
    lines = [WHAT, ""]
    if not whole:
        return [*lines, "Not measured.", ""]
    head = ["", "with", "without", "gain", "spread of the gain"]
    rows = [_row(name.removeprefix("set-"), pairs) for name, pairs in whole.items()]
    of_sets = [pairs for name, pairs in whole.items() if name in _of_sets()]
    of_suite = [pairs for name, pairs in whole.items() if name in _of_suite()]
    rows += [_row("mean of the sets", _mean(of_sets))] if of_sets else []
    rows += [_row("mean of the suite", _mean(of_suite))] if of_suite else []
    values = [_pairs(results, name, VALUES) for name in _of_suite() if name in whole]
    rows += [_row("mean of the suite, values", _mean(values))] if values else []
    lines += [*tables.table(head, rows), ""]
    lines += [f"On the recorded sets {_verdict(_mean(of_sets))}", ""] if of_sets else []
    lines += [f"On the injected suite {_verdict(_mean(of_suite))}", ""] if of_suite else []
    lines += [f"Of values, on the injected suite, {_verdict(_mean(values))}", ""] if values else []
    return lines


def _again(step: Step, seed: int) -> Step:
    arguments = {**step.arguments, "seed": seed}
    return Step(_name(step.name, seed), step.function, arguments, step.data, AGAIN * step.cost)


def _name(step: str, seed: int) -> str:
    return f"{step}-seed{seed}" if seed else step


def _of_sets() -> list[str]:
    return [f"set-{name}" for name in sets.FOUND_BAR]


def _of_suite() -> list[str]:
    return [f"injected-{fleet}" for fleet in injected.FLEETS]


def _pairs(results: Results, step: str, compared: tuple[str, str] = MODEL) -> list[Pair]:
    """Return the figures with and without what is compared, by seed."""
    names = [_name(step, seed) for seed in (0, *MORE_SEEDS)]
    return [_pair(results[name], compared) for name in names if name in results]


def _pair(result: Mapping[str, Any], compared: tuple[str, str] = MODEL) -> Pair:
    if "recall" in result:
        with_it, without = (result["recall"][name]["mean"] for name in compared)
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
    more = float(gain.mean()) > STANDARD_ERRORS * error
    return (
        f"the model adds {tables.signed(float(gain.mean()))} ({len(gain)} seeds, standard error "
        f"{tables.text(error, 4)}): {'more than noise' if more else 'NOT more than noise'} (bar: a gain of more than "
        f"{STANDARD_ERRORS:g} standard errors; aim {tables.signed(AIM, 2)})."
    )
