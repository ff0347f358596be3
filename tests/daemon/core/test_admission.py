"""Admission: bounds against the stamped arrival, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.admission import ACCEPT, REASONS, AdmissionLimits, admit, refusals
from offbeat.core.ledger import Drop

LIMITS = AdmissionLimits(allowed_lateness_seconds=600.0, max_future_seconds=300.0)
ARRIVAL = 1.7e9


def judged(time: float, value: float) -> Drop | None:
    """The reason one reading is refused for, None when it is let in."""
    codes = admit(np.array([time]), np.array([ARRIVAL]), np.array([value]), LIMITS)
    return REASONS[codes[0]]


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (0.0, None),
        (600.0, None),
        (600.5, Drop.LATE),
        (1e9, Drop.LATE),
        (-300.0, None),
        (-300.5, Drop.FUTURE),
        (-1e11, Drop.FUTURE),
        (np.nan, Drop.NOT_FINITE),
        (np.inf, Drop.NOT_FINITE),
    ],
)
def test_event_time_is_bounded_on_both_sides(age: float, reason: Drop | None) -> None:
    """Both bounds are inclusive; a time that is no number is refused as such."""
    assert judged(ARRIVAL - age, 1.0) is reason


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.5e38, -1e300])
def test_what_a_float32_cannot_hold_is_not_finite(value: float) -> None:
    """The value is judged before the time."""
    assert judged(ARRIVAL, value) is Drop.NOT_FINITE
    assert judged(ARRIVAL - 1e6, value) is Drop.NOT_FINITE


@pytest.mark.parametrize("value", [0.0, -0.0, 3.4028234e38, 1e-300])
def test_what_a_float32_holds_is_let_in(value: float) -> None:
    """Up to the largest; the smallest become zero."""
    assert judged(ARRIVAL, value) is None


@given(st.lists(st.tuples(st.floats(), st.floats(), st.floats())))
def test_a_reading_is_judged_alone(readings: list[tuple[float, float, float]]) -> None:
    """Any order and any batch give each reading the same code, and the counts add up."""
    columns = np.array(readings, np.float64).reshape(-1, 3)
    codes = admit(*columns.T, LIMITS)
    backwards = admit(*columns[::-1].T, LIMITS)
    alone = [int(admit(*row[:, None], LIMITS)[0]) for row in columns]
    assert codes.tolist() == backwards[::-1].tolist() == alone
    assert int(np.count_nonzero(codes == ACCEPT)) + sum(refusals(codes).values()) == len(readings)


def test_refusals_are_counted_by_reason() -> None:
    """Reasons that did not occur are left out."""
    codes = admit(np.full(3, ARRIVAL), np.array([ARRIVAL, ARRIVAL + 1e4, ARRIVAL + 1e4]), np.zeros(3), LIMITS)
    assert refusals(codes) == {Drop.LATE: 2}
