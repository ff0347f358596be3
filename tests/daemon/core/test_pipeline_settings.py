"""Numbers no pipeline can run on are refused where they are given."""

from __future__ import annotations

import pytest

from offbeat.core.pipeline_settings import CoreSettings


def test_the_defaults_are_good() -> None:
    """A pipeline needs no settings."""
    assert CoreSettings().window_readings == 256


@pytest.mark.parametrize("name", ["window_readings", "step_rows", "provisional_readings", "ready_readings"])
def test_a_count_below_one_is_refused(name: str) -> None:
    """The message names the number and what it should be."""
    with pytest.raises(ValueError, match=f"{name} is 0, expected at least 1"):
        CoreSettings(**{name: 0})


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(budget: float) -> None:
    """No alerts at all is not a budget."""
    with pytest.raises(ValueError, match="expected more than 0 alerts a week"):
        CoreSettings(budget_per_week=budget)
