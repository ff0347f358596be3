"""Counts in words."""

from __future__ import annotations

import pytest

from offbeat.core.counted import counted


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 episodes"), (1, "1 episode"), (1.0, "1 episode"), (2, "2 episodes"), (12_000, "12,000 episodes")],
)
def test_one_is_one_and_all_other_counts_are_many(count: float, said: str) -> None:
    """Large ones with commas, as everywhere."""
    assert counted(count, "episode") == said


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    """Where an "s" is not enough."""
    assert (counted(1, "stretch", "stretches"), counted(2, "stretch", "stretches")) == (
        "1 stretch",
        "2 stretches",
    )
