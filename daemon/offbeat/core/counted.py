"""Counts of things as a person reads them: "1 episode", "12,000 sensors"."""

from __future__ import annotations


def counted(count: float, thing: str, things: str = "") -> str:
    """Return a whole number and what is counted.

    Args:
        count: of them.
        thing: one of them.
        things: any other number of them, of a noun that takes more than an "s".
    """
    return f"{count:,.0f} {thing if count == 1 else things or f'{thing}s'}"
