"""Sensor ids in topics."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.publish.topic_names import LONGEST_LEVEL, TopicNames, decode_sensor, encode_sensor

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@pytest.mark.parametrize(
    ("sensor", "level"),
    [
        ("line1.pump_3-a", "line1.pump_3-a"),
        ("a/b", "a%2Fb"),
        ("+", "%2B"),
        ("#", "%23"),
        ("\x00", "%00"),
        ("50%", "50%25"),
        ("Zähler 1", "Z%C3%A4hler%201"),
        ("$SYS", "%24SYS"),
        ("~", "%7E"),
        ("", "%"),
        ("\ud800", "%ED%A0%80"),
    ],
)
def test_what_is_not_plain_is_percent_encoded(sensor: str, level: str) -> None:
    """And back."""
    assert encode_sensor(sensor) == level
    assert decode_sensor(level) == sensor


@given(ANY_TEXT)
def test_a_level_is_always_safe(sensor: str) -> None:
    """No separator, wildcard, NUL or anything outside ASCII; never empty; never too long."""
    level = encode_sensor(sensor)
    assert re.fullmatch(r"[A-Za-z0-9_.\-%~]+", level)
    assert len(level) <= LONGEST_LEVEL


@given(ANY_TEXT)
def test_encoding_is_reversible_unless_the_id_was_cut(sensor: str) -> None:
    """A cut id cannot be taken for another one: decoding says None."""
    level = encode_sensor(sensor)
    assert decode_sensor(level) == (None if "~" in level else sensor)


@given(st.lists(ANY_TEXT, unique=True, max_size=20))
def test_different_sensors_never_share_a_topic(sensors: list[str]) -> None:
    """Also when they were cut."""
    assert len({encode_sensor(sensor) for sensor in sensors}) == len(sensors)


def test_long_ids_that_differ_at_the_end_stay_apart() -> None:
    """The hash is of the whole id, and no escape is cut in two."""
    a, b = "ü" * 500 + "a", "ü" * 500 + "b"
    assert encode_sensor(a) != encode_sensor(b)
    assert re.fullmatch(r"(%C3%BC)+(%C3)?~[0-9a-f]{32}", encode_sensor(a))


@pytest.mark.parametrize("level", ["%2", "%zz", "a/b", "%c3%a4", "%41", "%FF", "a~b", "\n", "a\n"])
def test_levels_that_we_never_made_decode_to_nothing(level: str) -> None:
    """Lower-case or needless escapes, bad UTF-8, foreign characters."""
    assert decode_sensor(level) is None


def test_a_sensor_is_never_the_first_level() -> None:
    """All topics lie below the root."""
    names = TopicNames("site1/offbeat")
    assert names.status == "site1/offbeat/status"
    assert names.state("a/b") == "site1/offbeat/state/a%2Fb"
    assert names.alerts("../x") == "site1/offbeat/alerts/..%2Fx"
