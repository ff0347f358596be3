"""Clocks that are set."""

from __future__ import annotations

import pytest

from offbeat.ingest.clock_steps import STEP_SECONDS, ClockSteps


def test_a_clock_that_goes_with_the_timer_was_not_set() -> None:
    """However long nobody looked."""
    steps = ClockSteps(1_700_000_000.0, 50.0)
    assert steps.look(1_700_000_001.0, 51.0) == 0.0
    assert steps.look(1_700_900_001.0, 900_051.0) == 0.0


@pytest.mark.parametrize("by", [3600.0, -3600.0, 1_700_000_000.0])
def test_a_clock_that_was_set_is_told_of_once(by: float) -> None:
    """By how much; from then on it is held against where it is."""
    steps = ClockSteps(1000.0, 50.0)
    assert steps.look(1002.0 + by, 52.0) == pytest.approx(by)
    assert steps.look(1003.0 + by, 53.0) == 0.0


def test_a_clock_that_is_kept_right_slowly_is_not_set() -> None:
    """However far it is led in the end."""
    steps = ClockSteps(1000.0, 0.0)
    slowly = 0.9 * STEP_SECONDS
    assert [steps.look(1000.0 + n + n * slowly, float(n)) for n in range(1, 20)] == [0.0] * 19
