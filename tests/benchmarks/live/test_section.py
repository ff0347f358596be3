"""What the section makes of a measurement that fails."""

from __future__ import annotations

from tests.benchmarks.live.bursts import Rates
from tests.benchmarks.live.section import rates_or_why_not


def test_a_burst_that_did_not_arrive_costs_its_own_figure_only() -> None:
    """The section goes on, and says why there is none."""

    def in_vain() -> Rates:
        raise AssertionError("waited 60 s in vain for 60000 readings")

    assert rates_or_why_not(in_vain) == Rates(
        trouble="a burst did not arrive: waited 60 s in vain for 60000 readings."
    )
    assert rates_or_why_not(lambda: Rates([1.0], [2.0], "one")) == Rates([1.0], [2.0], "one")
