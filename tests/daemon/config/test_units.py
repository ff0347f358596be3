"""Durations, sizes and budgets as text."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.units import (
    BYTES,
    SECONDS,
    format_budget,
    format_duration,
    format_size,
    parse_budget,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("1h30m", 5400),
        ("7d", 604_800),
        ("20 ms", 0.02),
        ("1.5 h", 5400),
        ("2w", 1_209_600),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, seconds: float) -> None:
    """Units may be joined, spaced and fractional."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "-5s", "5 parsecs", "1h 30", "1.2.3s", "1e3s", "٣s x"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """The message shows how a duration looks."""
    with pytest.raises(ValueError, match=r'not a duration: .*"1h30m"'):
        parse_duration(text)


@given(st.integers(0, 10**6), st.sampled_from(sorted(SECONDS)))
def test_every_unit_of_time_scales_its_number(number: int, unit: str) -> None:
    """A number with a unit is the number times the unit's length."""
    assert parse_duration(f"{number}{unit}") == pytest.approx(number * SECONDS[unit])


@given(st.integers(0, 10**6), st.sampled_from(sorted(BYTES)))
def test_every_unit_of_size_scales_its_number(number: int, unit: str) -> None:
    """A number with a unit is exactly the number times the unit's size."""
    assert parse_size(f"{number}{unit}") == number * BYTES[unit]


@pytest.mark.parametrize("text", ["", "64", "MiB", "64 mib", "64Mib", "-1MiB", "1 PiB", "1MiB 2KiB"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    """Lower case would leave open whether bits or bytes are meant."""
    with pytest.raises(ValueError, match=r'not a size: .*"64MiB"'):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "per_week"),
    [("1/week", 1), ("2/day", 14), ("0.5 / month", 0.115), ("1/hour", 168), ("52/year", 0.9966)],
)
def test_a_budget_is_told_per_week(text: str, per_week: float) -> None:
    """Whatever period it is given for."""
    assert parse_budget(text) == pytest.approx(per_week, rel=1e-3)


@pytest.mark.parametrize("text", ["", "1", "week", "1/fortnight", "one/week", "-1/week"])
def test_what_is_no_budget_is_refused_with_an_example(text: str) -> None:
    """The message shows how a budget looks."""
    with pytest.raises(ValueError, match=r'not a budget: .*"1/week"'):
        parse_budget(text)


def test_a_budget_of_nothing_is_refused() -> None:
    """No threshold is high enough for it."""
    with pytest.raises(ValueError, match="no alert at all"):
        parse_budget("0/week")


@given(st.text(max_size=20))
def test_parsers_raise_nothing_but_value_errors(text: str) -> None:
    """Whatever stands in the file."""
    for parse in (parse_duration, parse_size, parse_budget):
        with contextlib.suppress(ValueError):
            assert parse(text) >= 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.02, "20ms"),
        (30, "30s"),
        (600, "10m"),
        (5400, "90m"),
        (7 * 86_400, "7d"),
        (0, "0s"),
        (1.25, "1250ms"),
    ],
)
def test_a_duration_is_written_with_the_largest_unit_that_is_whole(seconds: float, text: str) -> None:
    """As a person would write a default."""
    assert format_duration(seconds) == text


@given(st.integers(0, 10**6), st.sampled_from(sorted(SECONDS)))
def test_a_duration_that_was_written_is_read_back(number: int, unit: str) -> None:
    """Whatever unit it came from."""
    seconds = number * SECONDS[unit]
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds)


@given(st.integers(0, 2**50))
def test_a_size_that_was_written_is_read_back(size: int) -> None:
    """To the byte."""
    assert parse_size(format_size(size)) == size


@given(st.floats(0.01, 1000))
def test_a_budget_that_was_written_is_read_back(per_week: float) -> None:
    """To the digits that are shown."""
    assert parse_budget(format_budget(per_week)) == pytest.approx(per_week, rel=1e-5)
