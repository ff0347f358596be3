"""What a training asks of a sensor, and how it is told who had less."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.config.settings import LearningSettings
from offbeat.learn.enough import Enough, LeftUnknown
from offbeat.learn.learning_policy import SLOW_SECONDS

DAEMON = Enough.of(LearningSettings())
THIN = LeftUnknown(300, {"b": 20, "a": 1})


@pytest.mark.parametrize(
    ("rows", "gap_seconds", "enough"),
    [
        (0, 1.0, False),
        (1, 1.0, False),
        (299, 1.0, False),
        (300, 1.0, True),
        (128, SLOW_SECONDS / 128, True),
        (128, SLOW_SECONDS / 130, False),
        (127, SLOW_SECONDS, False),
    ],
)
def test_a_daemon_learns_what_it_waits_for(rows: int, gap_seconds: float, enough: bool) -> None:
    """As many readings as before a first model; fewer of a sensor that brings no more in a day."""
    assert DAEMON.is_met_by(1.7e9 + gap_seconds * np.arange(rows)) is enough


def test_the_configuration_may_ask_for_less() -> None:
    """By what says when a first model is trained."""
    rules = LearningSettings(first_readings=140)
    assert Enough.of(rules).is_met_by(np.arange(140.0))
    assert not Enough.of(rules).is_met_by(np.arange(139.0))


def test_people_read_how_many_and_why() -> None:
    """One line, and all of them in the manifest."""
    assert str(THIN) == "2 sensors with fewer than 300 readings to learn from"
    assert str(LeftUnknown(300, {"a": 1})) == "1 sensor with fewer than 300 readings to learn from"
    assert THIN.to_dict() == {"left_unknown": {"fewest_readings": 300, "sensors": {"a": 1, "b": 20}}}
    assert LeftUnknown.from_dict(THIN.to_dict()) == THIN


def test_nothing_is_told_where_all_had_enough() -> None:
    """Nor read from what another release wrote."""
    assert LeftUnknown().to_dict() == {}
    assert (
        LeftUnknown.from_dict({"steps": 3}) == LeftUnknown.from_dict({"left_unknown": [1]}) == LeftUnknown()
    )


def test_a_later_look_adds_to_an_earlier_one() -> None:
    """Who fell short of what is asked for first is told by that."""
    assert THIN.and_also(LeftUnknown(16, {"c": 2})) == LeftUnknown(300, {"b": 20, "a": 1, "c": 2})
    assert LeftUnknown().and_also(THIN) == THIN
