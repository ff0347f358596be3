"""The table of figures: its lines, and how they are printed so that a terminal and Markdown both show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = ("what", "ours", "reference, same run", "ratio", "bar", "met")


@dataclass(frozen=True, slots=True)
class Line:
    """One figure.

    Attributes:
        what: was measured.
        ours: figure with its unit.
        reference: what it is compared with, measured in the same run, with its unit.
        ratio: ours divided by the reference; None where there is none.
        bar: what the figure is held to; empty for a line that only informs.
        met: whether it is; None where it was not measured or there is no bar.
        notes: what a reader needs to judge it, each a sentence below the table.
    """

    what: str
    ours: str
    reference: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    notes: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """Return the line's texts in the order of `HEAD`."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return (self.what, self.ours, self.reference, ratio, self.bar, met)


def skipped(what: str, bar: str, why: str) -> Line:
    """Return the line of something that could not be measured, and why."""
    return Line(what, "not measured", bar=bar, notes=(why,))


def render(lines: Sequence[Line]) -> str:
    """Return the table and the notes below it."""
    cells = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    rows = [_row(row, widths) for row in cells]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {line.what}: {note}" for line in lines for note in line.notes]
    return "\n".join([*rows, *(["", *notes] if notes else [])])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
