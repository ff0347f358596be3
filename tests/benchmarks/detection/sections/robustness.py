"""(c) The recorded sets thinned at the pace of real devices, beside the same detectors on a regular grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.grids import FILLS
from tests.benchmarks.detection.played_variants import COMPARED_LEVEL, GRIDDED_LEVELS, OURS, on_grid
from tests.benchmarks.detection.recorded import LABELLED
from tests.benchmarks.detection.step import Step
from tests.benchmarks.detection.variants import LEVELS, WHOLE, thin

TITLE = "Thinned recordings"
KEPT_BAR, KEPT_AIM = 0.9, 0.97
COST = {"skab": 100, "nab": 100, "lro": 120, "ms_cloud": 90, "smap": 110, "smd8": 140}
PACE = ("iot_telemetry", "nab")
"""Sets whose gaps the thinning is drawn from."""

Results = Mapping[str, Mapping[str, Any]]

WHAT = (
    "Average precision where only a share of the test rows is left: those that a reader meets who goes through the "
    "rows at the pace of a real device (gaps of iot_telemetry and of the traffic series of nab, in usual gaps, in "
    "their order; without pauses of more than 100 of them). What is learnt from stays whole. Grid: the thinned rows "
    "on a regular grid at the sensor's usual gap, scored by the very same model and streams; a row gets the score of "
    "the first grid point at or after it, which is the first to know of it: that favours the grid by up to a gap of "
    "the grid, and where lines are drawn by the wait for the row after, too. `hold` fills with the newest value, "
    "`linear` with the line to the row that ends a gap, once it has come; a grid has as many rows as the whole set, so "
    "that not every level is played on one. Series are those that have rows of both kinds left at every level; of "
    "large sets some are drawn. One training of a fixed few steps a set."
)


def steps(sets: list[str]) -> list[Step]:
    """Return the steps of this section, the longest first."""
    names = sorted((name for name in sets if name in COST), key=lambda name: -COST[name])
    return [
        Step(
            f"copies-{name}",
            "played_variants:learnt_clean",
            {"name": name},
            tuple(sorted({name, *PACE})),
            COST[name],
        )
        for name in names
    ]


def summary(name: str, result: Mapping[str, Any]) -> str:
    """Return what a step found, in a line."""
    if WHOLE not in result["AP"]:
        return f"{name}: with short faults AP {tables.text(_mean(result['AP']['i'][OURS].values()))}"
    curve = _curve(result)
    return (
        f"{name}: AP {tables.text(curve[WHOLE])} whole, {tables.text(curve[thin(COMPARED_LEVEL)])} thinned to 30 %, "
        + (
            ", ".join(
                f"{tables.text(curve[on_grid(fill, COMPARED_LEVEL)])} on a grid ({fill})" for fill in FILLS
            )
        )
    )


def render(results: Results) -> list[str]:
    """Return the tables."""
    curves = {name: _curve(results[f"copies-{name}"]) for name in LABELLED if f"copies-{name}" in results}
    if not curves:
        return ["No recorded sets are here; name their folder by `OFFBEAT_DATA`.", ""]
    names = list(next(iter(curves.values())))
    curves["mean"] = {name: _mean(curve[name] for curve in curves.values()) for name in names}
    lines = [WHAT, ""]
    head = ["set", "", WHOLE, *(f"{level} %" for level in LEVELS), f"kept at {COMPARED_LEVEL} %"]
    rows = [row for name, curve in curves.items() for row in _rows(name, curve)]
    lines += [*tables.table(head, rows), "", *_verdict(curves), ""]
    drawn = [
        f"{name}: {len(one['series'])} series"
        + (f" ({', '.join(one['series'])})" if len(one["series"]) <= 8 else "")
        for name in curves
        if (one := results.get(f"copies-{name}"))
    ]
    steps_taken = next(iter(results[f"copies-{name}"]["steps"] for name in curves if name != "mean"))
    return [*lines, f"Played: {'; '.join(drawn)}. {steps_taken} steps of training each.", ""]


def _curve(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean precision by variant, over the series that have one in all of them."""
    by_variant = {name: result["AP"][name][OURS] for name in [WHOLE, *map(thin, LEVELS)]}
    by_variant |= {
        on_grid(fill, level): result["AP"][on_grid(fill, level)][OURS]
        for fill in FILLS
        for level in GRIDDED_LEVELS
    }
    common = set.intersection(*(set(one) for one in by_variant.values()))
    return {name: _mean(one[sensor] for sensor in sorted(common)) for name, one in by_variant.items()}


def _rows(name: str, curve: Mapping[str, float]) -> list[list[tables.Cell]]:
    whole = curve[WHOLE]
    ours: list[tables.Cell] = [name, "ours", whole, *(curve[thin(level)] for level in LEVELS)]
    rows = [[*ours, curve[thin(COMPARED_LEVEL)] / whole]]
    for fill in FILLS:
        there: list[tables.Cell] = [curve.get(on_grid(fill, level)) for level in LEVELS]
        rows.append(["", f"grid, {fill}", None, *there, curve[on_grid(fill, COMPARED_LEVEL)] / whole])
    return rows


def _verdict(curves: Mapping[str, Mapping[str, float]]) -> list[str]:
    kept = curves["mean"][thin(COMPARED_LEVEL)] / curves["mean"][WHOLE]
    below = [
        f"{name} ({tables.text(curve[thin(COMPARED_LEVEL)])} against {tables.text(best)})"
        for name, curve in curves.items()
        if (best := max(curve[on_grid(fill, COMPARED_LEVEL)] for fill in FILLS)) > curve[thin(COMPARED_LEVEL)]
    ]
    said = (
        f"below a grid version on: {', '.join(below)}"
        if below
        else "better than every grid version on every set"
    )
    return [f"Kept at {COMPARED_LEVEL} %: {tables.met(kept, KEPT_BAR)}, aim {tables.text(KEPT_AIM)}; {said}."]


def _mean(values: Any) -> float:
    found: Sequence[float] = list(values)
    return float(np.mean(found)) if found else float("nan")
