"""Tables of numbers that a terminal and Markdown both show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Cell = str | float | int | None


def text(cell: Cell, digits: int = 3) -> str:
    """Return a number without the zero before its point, a dash for what is not known."""
    if cell is None or cell != cell:
        return "-"
    if isinstance(cell, float):
        written = f"{cell:.{digits}f}"
        return written.replace("0.", ".", 1) if abs(cell) < 1 and float(written) != 0 else written
    return str(cell)


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign."""
    return ("+" if value >= 0 else "-") + text(abs(value), digits)


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], digits: int = 3) -> list[str]:
    """Return the lines of a table; the first column is left, the others right."""
    cells = [list(head), *([text(cell, digits) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [_line(row, widths) for row in cells]
    rule = (
        "|"
        + "|".join("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths))
        + "|"
    )
    return [lines[0], rule, *lines[1:]]


def by_column(
    first: str, columns: Mapping[str, Mapping[str, Cell]], rows: Sequence[str], digits: int = 3
) -> list[str]:
    """Return a table with one row a name and one column a mapping.

    Args:
        first: head of the first column.
        columns: cells by row name, by head of the column.
        rows: names, in order.
        digits: behind the point.
    """
    body = [[row, *(cells.get(row) for cells in columns.values())] for row in rows]
    return table([first, *columns], body, digits)


def met(value: float | None, bar: float, digits: int = 3) -> str:
    """Return a figure beside the least it has to be."""
    said = "met" if value is not None and value >= bar else "NOT met"
    return f"{text(value, digits)} (bar {text(bar, digits)}, {said})"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"
