"""A comparison with baselines, for people: a small table, one line, a warning."""

from __future__ import annotations

from offbeat.core.counted import counted
from offbeat_models.comparison import Comparison


def table(comparison: Comparison) -> list[str]:
    """Return the lines of a table: average precision and recall at 1 % false alarms of each detector."""
    rows = (comparison.model, *comparison.baselines)
    width = max(len(one.detector) for one in rows)
    head = (
        f"faults put into held-back time of {counted(comparison.sensors, 'sensor')}, "
        f"{counted(comparison.stretches, 'stretch', 'stretches')}, each detector alone:"
    )
    names = f"  {'':{width}}  precision  recall at 1 % false alarms"
    return [
        head,
        names,
        *(f"  {one.detector:{width}}  {one.average_precision:9.2f}  {one.recall:6.2f}" for one in rows),
    ]


def line(comparison: Comparison) -> str:
    """Return the same in one line."""
    rows = (comparison.model, *comparison.baselines)
    said = ", ".join(f"{one.detector} {one.average_precision:.2f} / {one.recall:.2f}" for one in rows)
    return f"average precision / recall at 1 % false alarms on faults put into held-back time: {said}"


def warning(comparison: Comparison, channels: str) -> str | None:
    """Return what a person should know where the model does not win; None where it does.

    Args:
        comparison: of one group.
        channels: of the group, for the sentence.
    """
    better = comparison.better()
    if not better:
        return None
    names = " and ".join(better)
    verb = "is" if len(better) == 1 else "are"
    return (
        f"on sensors with {channels} the model {comparison.model.detector} does not win: {names} {verb} as good or "
        "better on faults put into held-back time, at precision or at recall. Train for longer or on more data, or "
        f"set model.family to {better[0]!r}"
    )
