"""Which sensors have metrics of their own."""

from __future__ import annotations

import numpy as np

from offbeat.config.sensor_choice import SensorChoice
from offbeat.observe.sensor_choice import chosen

GROUPS = [
    (np.array([True, False, False]), np.array([0.1, 3.0, np.nan])),
    (np.array([False, True]), np.array([2.0, 1.0])),
]


def exposed(text: str) -> list[list[bool]]:
    """Return who is exposed under a choice."""
    return [mask.tolist() for mask in chosen(SensorChoice.parse(text), GROUPS)]


def test_all_off_and_anomalous_mean_what_they_say() -> None:
    """Nothing is ranked for them."""
    assert exposed("all") == [[True] * 3, [True] * 2]
    assert exposed("off") == [[False] * 3, [False] * 2]
    assert exposed("anomalous") == [[True, False, False], [False, True]]


def test_the_strangest_are_taken_over_all_groups() -> None:
    """A sensor without a score is the last to be taken."""
    assert exposed("top:2") == [[False, True, False], [True, False]]
    assert exposed("top:4") == [[True, True, False], [True, True]]
    assert exposed("top:100") == [[True] * 3, [True] * 2]


def test_no_group_is_no_choice() -> None:
    """A daemon whose sources have not spoken yet is scraped too."""
    assert chosen(SensorChoice("top", 3), []) == []
