"""Which sensors have metrics of their own."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.observe.sensor_choice import Choice

GROUPS = [
    (np.array([True, False, False]), np.array([0.1, 3.0, np.nan])),
    (np.array([False, True]), np.array([2.0, 1.0])),
]


def chosen(text: str) -> list[list[bool]]:
    """Return who is exposed under a choice."""
    return [mask.tolist() for mask in Choice.parse(text).of(GROUPS)]


def test_all_off_and_anomalous_mean_what_they_say() -> None:
    """Nothing is ranked for them."""
    assert chosen("all") == [[True] * 3, [True] * 2]
    assert chosen("off") == [[False] * 3, [False] * 2]
    assert chosen("anomalous") == [[True, False, False], [False, True]]


def test_the_strangest_are_taken_over_all_groups() -> None:
    """A sensor without a score is the last to be taken."""
    assert chosen("top:2") == [[False, True, False], [True, False]]
    assert chosen("top:4") == [[True, True, False], [True, True]]
    assert chosen("top:100") == [[True] * 3, [True] * 2]


def test_no_group_is_no_choice() -> None:
    """A daemon whose sources have not spoken yet is scraped too."""
    assert Choice.parse("top:3").of([]) == []


@pytest.mark.parametrize("text", ["", "some", "top", "top:", "top:0", "top:-1", "top:x", "all:3", "top:²"])
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    """The message names all choices."""
    with pytest.raises(ValueError, match='expected "all", "anomalous", "top:100" or "off"'):
        Choice.parse(text)
