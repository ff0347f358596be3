"""JSON payloads, strict and lenient."""

from __future__ import annotations

import math
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.ingest.payloads.json import DEEPEST_LEVEL, JsonError, find, leaves, read_json, typed_reader


@pytest.mark.parametrize(
    "payload",
    [b'{"a":1}', b'\xef\xbb\xbf{"a":1}', b'{"a":1}\x00\x00', b' \r\n{"a":1}\n'],
    ids=["plain", "byte order mark", "zeros behind", "blanks"],
)
def test_json_is_read_with_what_is_around_it(payload: bytes) -> None:
    """Firmware adds marks, zeros and blanks."""
    assert read_json(payload) == {"a": 1}


def test_nan_and_numbers_out_of_range_are_read() -> None:
    """Python's own writer makes such JSON."""
    content = read_json(b'{"a":NaN,"b":-Infinity,"c":1e400,"d":1}')
    assert isinstance(content, dict)
    assert math.isnan(content["a"])
    assert (content["b"], content["c"], content["d"]) == (-math.inf, math.inf, 1)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"{'a':1}", b"\xff\xfe{\x00", b"[" * 100_000, b"[" * 50_000, b'{"a":' + b"9" * 6000 + b"x}",
     b'{"a":"\\ud800"'],
)  # fmt: skip
def test_what_is_no_json_is_one_error(payload: bytes) -> None:
    """Also nests that end no reader and numbers that have thousands of digits."""
    with pytest.raises(JsonError):
        read_json(payload)


def test_nested_objects_become_dotted_names_and_lists_are_left_out() -> None:
    """The name of a leaf is its path."""
    content = {"a": 1, "b": {"c": 2, "d": {"e": 3}}, "l": [1, 2], "n": None}
    assert dict(leaves(content)) == {"a": 1, "b.c": 2, "b.d.e": 3, "n": None}
    assert find(content, ("b", "d", "e")) == 3
    assert find(content, ("a", "d")) is None


def test_objects_too_deep_are_not_looked_into() -> None:
    """A bound on depth is a bound on work."""
    content: dict[str, object] = {"x": 1}
    for _ in range(500):
        content = {"x": content, "y": 2}
    assert len(dict(leaves(content))) == DEEPEST_LEVEL


def test_the_typed_reader_takes_numbers_and_nothing_else() -> None:
    """Whatever is not exactly as expected is for the general reader."""
    read = typed_reader("ts", ("value", "q"))
    assert msgspec.structs.astuple(read(b'{"q":2,"ts":"x","value":1,"more":[{}]}')) == ("x", 1.0, 2.0)
    time, value, q = msgspec.structs.astuple(read(b'{"value":1}'))
    assert time is None
    assert value == 1.0
    assert math.isnan(q)
    for payload in (b'{"value":"1"}', b'{"value":null}', b'{"value":true}', b"[]", b"1"):
        with pytest.raises(msgspec.MsgspecError):
            read(payload)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_not(payload: bytes) -> None:
    """Nothing but the one error is raised."""
    with suppress(JsonError):
        read_json(payload)
