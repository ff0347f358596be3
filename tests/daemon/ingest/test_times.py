"""Times as payloads write them."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.settings import TimeSettings
from offbeat.errors import ConfigError
from offbeat.ingest.times import TimeError, TimeReader

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC).timestamp()


def read(value: object, **settings: Any) -> float:
    """Return the seconds that a value stands for."""
    return TimeReader(TimeSettings(field="t", **settings)).seconds(value)


@pytest.mark.parametrize("factor", [1, 1e3, 1e6, 1e9], ids=["s", "ms", "us", "ns"])
def test_the_unit_is_told_by_the_size(factor: float) -> None:
    """Seconds, milli-, micro- and nanoseconds of our days differ a thousandfold."""
    assert read(int(NOON * factor)) == pytest.approx(NOON, abs=1e-3)
    assert read(str(int(NOON * factor))) == pytest.approx(NOON, abs=1e-3)


@pytest.mark.parametrize(
    ("form", "value"),
    [("unix", 5.0), ("unix_ms", 5000), ("unix_us", 5_000_000), ("unix_ns", "5000000000")],
)
def test_a_named_unit_is_not_guessed(form: str, value: object) -> None:
    """Five seconds after the epoch are five seconds in every unit."""
    assert read(value, format=form) == 5.0


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31 12:00:00",
        " 2026-01-31T12:00:00.000000000Z\n",
        "2026-01-31T12:00:00,0Z",
    ],
)
def test_dates_are_read(text: str) -> None:
    """With a zone, without one, with more digits than are needed."""
    assert read(text) == NOON


def test_a_date_without_a_zone_is_in_the_configured_one() -> None:
    """Never in that of the host; summer time is known."""
    assert read("2026-01-31T13:00:00", timezone="Europe/Berlin") == NOON
    assert read("2026-07-01T14:00:00", timezone="Europe/Berlin") == read("2026-07-01T12:00:00Z")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        "",
        "noon",
        "x" * 100,
        math.nan,
        math.inf,
        10**400,
        "nan",
        "1e999",
        "0001-01-01T00:00",
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    """Nothing else than the one error comes out, and no infinite time."""
    if value == "0001-01-01T00:00":
        assert math.isfinite(read(value))
        return
    with pytest.raises(TimeError):
        read(value)


def test_a_format_is_kept_to() -> None:
    """A number is no date and a date is no number where one of them was named."""
    with pytest.raises(TimeError):
        read(NOON, format="rfc3339")
    with pytest.raises(TimeError):
        read("2026-01-31T12:00:00Z", format="unix")


def test_an_unknown_zone_is_an_error_of_the_configuration() -> None:
    """The message names it."""
    with pytest.raises(ConfigError, match="Europe/Berlim"):
        TimeReader(TimeSettings(timezone="Europe/Berlim"))


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans(), st.binary()))
def test_every_value_is_a_finite_time_or_a_time_error(value: object) -> None:
    """Payloads come from anybody."""
    with suppress(TimeError):
        assert math.isfinite(read(value))
