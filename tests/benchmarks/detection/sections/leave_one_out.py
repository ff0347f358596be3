"""What choosing on some recorded sets is worth on another: each set is left out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.detection import tables
from tests.benchmarks.detection.played_set import WITHOUT_MODEL
from tests.benchmarks.detection.sections import sets
from tests.benchmarks.detection.step import Step

TITLE = "One set left out"

Results = Mapping[str, Mapping[str, Any]]
Precision = Mapping[str, Mapping[str, float]]
"""By choice, by set."""

WHAT = (
    "For each set, the choice of streams or rule of fusion with the best mean AP on the other sets, and what it gets "
    "on the set that was left out, beside the default. The choices: all streams, without the model, without each "
    "stream, and the rules of decision 3. Choosing pays where it gets more than the default."
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was chosen without a set, and what it is worth there.

    Attributes:
        name: of the set.
        chosen: the choice.
        elsewhere: its mean on the other sets.
        here, default: its average precision on this set, and the default's.
        best: that of the best choice for this set, known afterwards.
    """

    name: str
    chosen: str
    elsewhere: float
    here: float
    default: float
    best: float


def steps(of: list[str]) -> list[Step]:
    """Return the steps of this section: those of the recorded sets."""
    return sets.steps(of)


summary = sets.summary


def render(results: Results) -> list[str]:
    """Return the table."""
    found = sets.of_sets(results)
    if len(found) < 2:
        return ["This needs two recorded sets; name their folder by `OFFBEAT_DATA`.", ""]
    precision = by_choice(found)
    left = leave_one_out(precision)
    rows: list[list[tables.Cell]] = [
        [one.name, one.chosen, one.elsewhere, one.here, one.default, one.here - one.default, one.best]
        for one in left
    ]
    keys = ("elsewhere", "here", "default", "best")
    elsewhere, here, default, best = (float(np.mean([getattr(one, key) for one in left])) for key in keys)
    rows.append(["mean", "", elsewhere, here, default, here - default, best])
    head = [
        "left out",
        "chosen on the others",
        "AP there",
        "AP here",
        "default",
        "difference",
        "best seen here",
    ]
    columns = {name: {choice: by[name] for choice, by in precision.items()} for name in found}
    columns["mean"] = {choice: float(np.mean(list(by.values()))) for choice, by in precision.items()}
    all_choices = tables.by_column(
        "choice", columns, sorted(precision, key=lambda choice: -columns["mean"][choice])
    )
    return [WHAT, "", *tables.table(head, rows), "", "All choices:", "", *all_choices, ""]


def by_choice(found: Results) -> dict[str, dict[str, float]]:
    """Return the average precision by choice and set, of the choices that were measured on every set."""
    measured = {name: {**one.get("rules", {}), **one["choices"]} for name, one in found.items()}
    common = [
        choice
        for choice in next(iter(measured.values()))
        if all(one.get(choice) is not None for one in measured.values())
    ]
    return {choice: {name: one[choice] for name, one in measured.items()} for choice in common}


def leave_one_out(precision: Precision, default: str = WITHOUT_MODEL) -> list[LeftOut]:
    """Return for each set what is best on the mean of the others; of equal choices the first.

    Args:
        precision: by choice, by set; the same sets for all.
        default: the choice to compare with.
    """
    out = []
    for name in precision[default]:
        elsewhere = {
            choice: float(np.mean([value for other, value in by.items() if other != name]))
            for choice, by in precision.items()
        }
        chosen = max(elsewhere, key=lambda choice: elsewhere[choice])
        best = max(by[name] for by in precision.values())
        out.append(
            LeftOut(name, chosen, elsewhere[chosen], precision[chosen][name], precision[default][name], best)
        )
    return out
