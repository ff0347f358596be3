"""Whether the budget of false alerts is kept, on clean sensors of many kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.budgets import ENOUGH, PLANS, believable, kept, kind_of, rhythm_of
from tests.benchmarks.detection.clean_streams import KINDS, RHYTHMS
from tests.benchmarks.detection.step import Step

TITLE = "False alerts against the budget"
BAR = 0.90
"""Share of the sensors whose rate has to be within a factor two of the budget."""
COST = {"day": 80, "week": 120, "month": 120, "week-fast": 110}

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Clean sensors of ten kinds and four rhythms, learnt on about 2,000 readings and played on without a model: "
    "whatever is raised is false. Rates are alerts over what the budget allows. Within: share of the sensors whose own "
    "count is half to twice of what is allowed, told only where at least 8 are allowed in the whole time. Believable: "
    "share of the sensors whose count may be chance (95 %, Poisson) if the rate is within a factor two."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [Step(f"budget-{plan}", "budgets:measure", {"plan": plan}, cost=COST[plan]) for plan in PLANS]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    alerts, allowed = result["alerts"], result["expected"]
    rate = sum(alerts.values()) / (allowed * len(alerts))
    within = np.mean([kept(count, allowed) for count in alerts.values()])
    told = f", {within:.0%} of the sensors within a factor two" if allowed >= ENOUGH else ""
    return f"{name}: {tables.text(rate, 2)} of the budget in all{told}"


def render(results: Results) -> list[str]:
    """Return the tables."""
    found = {plan: results[f"budget-{plan}"] for plan in PLANS if f"budget-{plan}" in results}
    if not found:
        return ["Not measured.", ""]
    return [WHAT, "", *_of_budgets(found), "", *_by("kind", kind_of, KINDS, found), "",
            *_by("rhythm", rhythm_of, RHYTHMS, found), "", *_about(found), ""]  # fmt: skip


def _of_budgets(found: Results) -> list[str]:
    head = [
        "budget", "a reading every", "weeks", "sensors", "allowed a sensor", "in all", "10 %", "median", "90 %",
        "within", "bar", "believable",
    ]  # fmt: skip
    return tables.table(head, [_of_budget(plan, one) for plan, one in found.items()], 2)


def _of_budget(plan: str, one: Mapping[str, Any]) -> list[tables.Cell]:
    watched, allowed = PLANS[plan], one["expected"]
    counts = list(one["alerts"].values())
    low, middle, high = np.quantile(np.array(counts) / allowed, (0.1, 0.5, 0.9)).tolist()
    shortest, longest = watched.gap_seconds
    told = allowed >= ENOUGH
    return [
        watched.budget, f"{shortest:.0f}-{longest:.0f} s", watched.played_weeks, len(counts), allowed,
        sum(counts) / (allowed * len(counts)), low, middle, high,
        float(np.mean([kept(count, allowed) for count in counts])) if told else None, BAR if told else None,
        float(np.mean([believable(count, allowed) for count in counts])),
    ]  # fmt: skip


def _by(head: str, part: Callable[[str], str], names: Mapping[str, object], found: Results) -> list[str]:
    """Return the rate of all sensors of a kind together, in budgets."""
    columns: dict[str, dict[str, tables.Cell]] = {}
    for plan, one in found.items():
        counts: dict[str, list[int]] = {name: [] for name in names}
        for sensor, count in one["alerts"].items():
            counts[part(sensor)].append(count)
        columns[plan] = {name: float(np.mean(own)) / one["expected"] for name, own in counts.items() if own}
    return tables.by_column(head, columns, list(names), 2)


def _about(found: Results) -> list[str]:
    """Return what the alerts were about."""
    kinds = sorted({kind for one in found.values() for kind in one["about"]})
    columns = {plan: {kind: one["about"].get(kind, 0) for kind in kinds} for plan, one in found.items()}
    return tables.by_column("alerts about", columns, kinds)
