"""(b) The recorded sets through the production path, beside simple detectors on the same rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.step import Step

TITLE = "Recorded sets"
AP_BAR = {"skab": 0.83, "nab": 0.28, "lro": 0.44, "ms_cloud": 0.58, "smap": 0.31, "smd8": 0.55, "mean": 0.53}
FOUND_BAR = {"skab": 0.65, "nab": 0.65, "lro": 0.40, "ms_cloud": 0.45, "smap": 0.40, "smd8": 0.20}
FALSE_RANGE = (0.3, 3.0)
SHORT = "skab"
"""Its series are too short for a rate a week to say anything."""
COST = {"skab": 50, "nab": 70, "lro": 60, "ms_cloud": 90, "smap": 200, "smd8": 120}

Results = Mapping[str, Mapping[str, Any]]


WHAT = (
    "One default configuration, learnt on what lies before each series' test time and played through the production "
    "path. AP: average precision of the score per reading, mean over series with an event. Found: events with an "
    "episode opened inside, at the default budget of one false alert a sensor and week. Nothing is point-adjusted."
)
DELAY = (
    "Delay: median of the time from an event's start to the first alert inside, as a share of the event. The series of "
    "skab are twelve minutes long: one false alert there is 24 a week."
)


def steps(sets: list[str]) -> list[Step]:
    """Return the steps of this section, the longest first."""
    names = sorted((name for name in sets if name in COST), key=lambda name: -COST[name])
    return [Step(f"set-{name}", "sets:measure", {"name": name}, (name,), COST[name]) for name in names]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    text = tables.text
    return (
        f"{name}: AP {text(result['AP'])}, found {text(result['found'], 2)} of {result['events']}, "
        f"{text(result['false per week'], 2)} false per sensor-week"
    )


def of_sets(results: Results) -> dict[str, Mapping[str, Any]]:
    """Return the results by set, in the order of the tables."""
    return {name: results[f"set-{name}"] for name in AP_BAR if f"set-{name}" in results}


def render(results: Results) -> list[str]:
    """Return the tables."""
    sets = of_sets(results)
    if not sets:
        return ["No recorded sets are here; name their folder by `OFFBEAT_DATA`.", ""]
    return [
        WHAT,
        "",
        *_production(sets),
        "",
        *_verdict(sets),
        "",
        "Average precision of simple detectors on the same rows, and of each stream alone:",
        "",
        *_alone(sets),
        "",
    ]


def _production(sets: Results) -> list[str]:
    head = ["set", "AP", "bar", "chance", "events", "found", "bar ", "delay", "false/week", "series", "steps"]
    rows: list[list[tables.Cell]] = [
        [
            name, one["AP"], AP_BAR[name], one["AP of chance"], one["events"], one["found"], FOUND_BAR[name],
            one["delay"], one["false per week"], one["series"], one["steps"],
        ]
        for name, one in sets.items()
    ]  # fmt: skip
    if len(sets) == len(FOUND_BAR):
        rows.append(
            ["mean", float(np.mean([one["AP"] for one in sets.values()])), AP_BAR["mean"], *[None] * 8]
        )
    return [
        *tables.table(head, rows),
        "",
        DELAY,
    ]


def _verdict(sets: Results) -> list[str]:
    """Return which bars are met, a line a measure."""
    mean = float(np.mean([one["AP"] for one in sets.values()]))
    precise = [name for name, one in sets.items() if one["AP"] >= AP_BAR[name]]
    found = [
        name for name, one in sets.items() if one["found"] is not None and one["found"] >= FOUND_BAR[name]
    ]
    lines = [f"- AP: {_met_on(sets, precise)}.", f"- Events found: {_met_on(sets, found)}."]
    if len(sets) == len(FOUND_BAR):
        lines.insert(1, f"- Mean AP: {tables.met(mean, AP_BAR['mean'])}.")
    low, high = FALSE_RANGE
    rates = {
        name: one["false per week"] for name, one in sets.items() if name != SHORT and one["false per week"]
    }
    within = [name for name, rate in rates.items() if low <= rate <= high]
    span = f"{low:g} to {high:g}, {SHORT} aside"
    return lines + (
        [f"- False alerts a sensor and week ({span}): {_met_on(rates, within)}."] if rates else []
    )


def _met_on(all_of: Iterable[str], some: Collection[str]) -> str:
    missing = [name for name in all_of if name not in some]
    if not missing:
        return "met on all"
    return f"NOT met on {', '.join(missing)}" + (f"; met on {', '.join(some)}" if some else "")


def _alone(sets: Results) -> list[str]:
    first = next(iter(sets.values()))
    names = [*first["simple"], *first["streams"]]
    columns = {name: {**one["simple"], **one["streams"]} for name, one in sets.items()}
    best = {
        name: max((v for v in one["simple"].values() if v is not None), default=None)
        for name, one in sets.items()
    }
    rows = [["ours (fused)", *(one["AP"] for one in sets.values())], ["best simple one", *best.values()]]
    rows += [[name, *(columns[of][name] for of in sets)] for name in names]
    return tables.table(["detector", *sets], rows)
