"""Docstrings as the reference reads them."""

from __future__ import annotations

from offbeat.app.reference.docstrings import attributes_of, summary_of


class Described:
    """One thing.

    Told over
    two lines.

    Attributes:
        first: what it is: with a colon.
        second: something that takes
            two lines.

    Not an attribute: this.
    """


class Bare:
    """One sentence."""


def test_a_summary_is_what_stands_before_the_sections() -> None:
    """On one line."""
    assert summary_of(Described) == "One thing. Told over two lines."
    assert summary_of(Bare) == "One sentence."


def test_attributes_are_read_with_the_lines_that_go_on_with_them() -> None:
    """Up to the empty line that ends the section."""
    assert attributes_of(Described) == {
        "first": "what it is: with a colon.",
        "second": "something that takes two lines.",
    }
    assert attributes_of(Bare) == {}
