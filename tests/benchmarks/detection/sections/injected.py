"""(a) Injected faults: recall at 1 % of healthy windows alarmed, by fault and detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from offbeat_models.synthetic import FAULT_KINDS
from tests.benchmarks.detection import tables
from tests.benchmarks.detection.injected import HYBRID, SIMPLE
from tests.benchmarks.detection.step import Step

TITLE = "Injected faults"
BAR, AIM = 0.84, 0.92
FLEETS = ("univariate", "multichannel")
ALIKE = 0.005
"""Recalls that differ by less than a window or two are alike."""

Results = Mapping[str, Mapping[str, Any]]


WHAT = (
    "Recall of windows with a fault where 1 % of the healthy windows of all sensors are alarmed; a window of about 32 "
    "readings scores its largest surprise. Each window is a sensor of its own after 192 healthy rows. Learnt from "
    "1,500 healthy rows a sensor; sensors of 7 shapes, 4 rhythms and gaps from 0.1 to 100 s. Hybrid: largest of the "
    "calibrated severities of all tracks and of silence. Simple bag: the same without the streams that need a model."
)


def steps(_: list[str]) -> list[Step]:
    """Return the steps of this section."""
    return [
        Step(f"injected-{fleet}", "injected:measure", {"fleet": fleet}, cost=cost)
        for fleet, cost in zip(FLEETS, (90, 90), strict=True)
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    recall = result["recall"]
    return f"{name}: hybrid {tables.text(recall[HYBRID]['mean'])}, simple bag {tables.text(recall[SIMPLE]['mean'])}"


def render(results: Results) -> list[str]:
    """Return the tables."""
    lines = [WHAT, ""]
    found = [results[f"injected-{fleet}"] for fleet in FLEETS if f"injected-{fleet}" in results]
    if len(found) == len(FLEETS):
        lines += _verdict(found[0], found[1])
    for fleet in FLEETS:
        if (one := results.get(f"injected-{fleet}")) is not None:
            lines += [
                f"**{fleet}**, {one['sensors']} sensors, {one['windows']['healthy']:,} healthy windows",
                "",
            ]
            kinds = [kind for kind in (*FAULT_KINDS, "mean") if kind in one["recall"][HYBRID]]
            rows = [[name, *(recall[kind] for kind in kinds)] for name, recall in one["recall"].items()]
            lines += [*tables.table(["detector", *kinds], rows, 2), ""]
    return lines


def _verdict(univariate: Mapping[str, Any], multichannel: Mapping[str, Any]) -> list[str]:
    """Return the figure of the bar: each fault on sensors of one channel, decoupling on those of several."""
    recalls = {}
    for name in (HYBRID, SIMPLE):
        alone = {k: v for k, v in univariate["recall"][name].items() if k != "mean"}
        recalls[name] = {**alone, "decoupling": multichannel["recall"][name]["decoupling"]}
    hybrid, simple = recalls[HYBRID], recalls[SIMPLE]
    below = [kind for kind in hybrid if hybrid[kind] < simple[kind] - ALIKE]
    return [
        f"Mean over the ten faults (decoupling of the multichannel sensors): hybrid "
        f"{tables.met(float(np.mean(list(hybrid.values()))), BAR)}, aim {tables.text(AIM)}; simple bag "
        f"{tables.text(float(np.mean(list(simple.values()))))}. "
        + (
            f"Hybrid below the simple bag on: {', '.join(below)}."
            if below
            else "Hybrid below the bag on no fault."
        ),
        "",
    ]
