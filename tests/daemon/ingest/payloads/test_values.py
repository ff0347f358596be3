"""What counts as a value, in JSON leaves and plain payloads."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.ingest.payloads.number import read_number
from offbeat.ingest.payloads.values import value_of


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"21.5", 21.5), (b" 21.5\n", 21.5), (b'"21.5"', 21.5), (b"-3", -3.0), (b"1e3", 1000.0),
        (b"\xef\xbb\xbf21.5", 21.5), (b"21.5\x00", 21.5), (b"ON", 1.0), (b"off", 0.0), (b"True", 1.0),
        (b"CLOSED", 0.0), (b"open", 1.0), (b"Online", 1.0), (b"offline", 0.0), (b"1e400", math.inf),
    ],
)  # fmt: skip
def test_plain_values_are_read(payload: bytes, value: float) -> None:
    """Numbers with what firmware puts around them, and words for two states."""
    assert read_number(payload) == value


@pytest.mark.parametrize(
    "payload", [b"", b"nan", b"NaN", b"unknown", b"Unavailable", b"null", b'""', b" \x00"]
)
def test_some_payloads_say_that_there_is_no_value(payload: bytes) -> None:
    """Missing is not zero."""
    value = read_number(payload)
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize(
    "payload",
    [b"21,5", b"21.5 C", b"0x1A", b"1_000", b"hello", b"\xff\xfe", "٣".encode(), b"9" * 5000, b"[1]"],
)
def test_other_payloads_are_no_value(payload: bytes) -> None:
    """A number in another language than ours is better refused than guessed."""
    value = read_number(payload)
    assert value is None or math.isinf(value)


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        (3, 3.0),
        (True, 1.0),
        (False, 0.0),
        ("12", 12.0),
        ("ON", 1.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
    ],
)
def test_leaves_are_values(leaf: object, value: float) -> None:
    """Booleans, words and quoted numbers count; a number beyond a float is infinite."""
    assert value_of(leaf) == value


@pytest.mark.parametrize("leaf", ["kitchen", "1.2.3", [], {}, b"1", "x" * 100])
def test_names_are_no_values(leaf: object) -> None:
    """They are left out without a word."""
    assert value_of(leaf) is None


@given(st.binary(max_size=120))
def test_any_payload_is_a_value_or_none(payload: bytes) -> None:
    """Nothing is raised."""
    value = read_number(payload)
    assert value is None or isinstance(value, float)
