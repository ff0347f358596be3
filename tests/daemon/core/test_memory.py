"""The memory budget: real slabs, the design's bar, and a sentence that helps."""

from __future__ import annotations

import pytest

from offbeat.core.memory import bytes_per_sensor, check_budget


@pytest.mark.parametrize("channels", [1, 2, 8, 25])
def test_a_sensor_channel_stays_within_its_share(channels: int) -> None:
    """12 KiB with 256 readings is for all state; windows, cadence and schedule take less than half of it."""
    assert bytes_per_sensor(256, channels) <= 6 * 1024 * channels


def test_more_readings_channels_or_other_state_cost_more() -> None:
    """A reading costs its time and its value and mask by channel."""
    assert bytes_per_sensor(257, 3) - bytes_per_sensor(256, 3) == 8 + 3 * 5
    assert bytes_per_sensor(256, 1, other_bytes=100) - bytes_per_sensor(256, 1) == 100


def test_a_budget_that_holds_or_is_not_set_is_no_problem() -> None:
    """Exactly enough is enough."""
    each = bytes_per_sensor(256, 1)
    assert check_budget(1000, 256, 1, 1000 * each) is None
    assert check_budget(10**9, 256, 1, None) is None


def test_a_budget_that_cannot_hold_says_what_would() -> None:
    """The sentence names limits, figures and the number of sensors that fit."""
    each = bytes_per_sensor(256, 2)
    problem = check_budget(1000, 256, 2, 600 * each)
    assert problem is not None
    assert "limits.memory is" in problem
    assert "2 channels" in problem
    assert "lower limits.max_sensors to 600 or raise limits.memory" in problem
    assert "max_sensors to" not in str(check_budget(10, 256, 1, 100))
