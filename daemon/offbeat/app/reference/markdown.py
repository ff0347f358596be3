"""The few shapes of Markdown that the reference is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `offbeat export docs`; change the code that it is about, not this file. -->"


def page(title: str, *parts: str) -> str:
    """Return a page: its title, the note that it is generated, and its parts with an empty line between."""
    return "\n\n".join([f"# {title}", GENERATED, *parts]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells may hold anything, on one line."""
    lines = [header, ["---"] * len(header), *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str) -> str:
    """Return text set as code, nothing for nothing."""
    return f"`{text}`" if text else ""


def sentence(text: str) -> str:
    """Return text that begins and ends like a sentence."""
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith((".", ":")) else ".")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
