"""Numbers, durations and times read as a person writes them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.wording import clock, duration, in_step, number

NOON = 1_767_265_260.0  # 2026-01-01 11:01:00 UTC


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (93.1, "93.1"),
        (93.1234567, "93.12"),
        (61.0, "61"),
        (250_000.0, "250000"),
        (0.00421999, "0.00422"),
        (1.23456e9, "1.235e+09"),
        (-3.5e-7, "-3.5e-07"),
        (0.0, "0"),
        (math.nan, "unknown"),
    ],
)
def test_a_number_keeps_the_digits_that_matter(value: float, text: str) -> None:
    """Four significant digits, no needless zeros, exponents only where plain digits would be unreadable."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (93.1234, 0.3, "93.1"),
        (1013.25, 1.5, "1013"),
        (0.4567, 0.002, "0.457"),
        (-0.04, 0.1, "0"),
        (12.5, math.nan, "12.5"),
        (12.5, 0.0, "12.5"),
    ],
)
def test_a_number_beside_a_band_has_the_decimals_of_the_band(value: float, step: float, text: str) -> None:
    """What is finer than the step is noise, and no number is written as minus zero."""
    assert in_step(value, step) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (0.42, "0.42 s"),
        (5.0, "5 s"),
        (59.6, "1 min"),
        (250.0, "4 min 10 s"),
        (3600.0, "1 h"),
        (7380.0, "2 h 3 min"),
        (273_600.0, "3 d 4 h"),
        (math.inf, "an unknown time"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    """Nobody reads seconds of a duration that has days."""
    assert duration(seconds) == text


def test_a_moment_of_another_day_carries_its_date() -> None:
    """A time alone would be read as today."""
    assert clock(NOON - 600, NOON) == "10:51 UTC"
    assert clock(NOON - 86_400, NOON) == "2025-12-31 11:01 UTC"


def test_a_time_no_calendar_holds_is_still_written() -> None:
    """A sentence never fails for a strange clock."""
    assert clock(1e18, NOON) == "1e+18 s"


@given(st.floats(), st.floats())
def test_wording_never_fails(a: float, b: float) -> None:
    """Whatever arrives from a sensor can be put into words."""
    assert all((number(a), in_step(a, b), duration(a), clock(a, b)))
