"""Events as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from offbeat.core.events import EpisodeEvent, Evidence, Expected
from offbeat.publish.event_json import from_json, milliseconds, to_json, to_rfc3339
from tests.support.events import an_event

SCHEMA = json.loads((Path(__file__).parents[3] / "deploy" / "schemas" / "event.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

ANY_NUMBER = st.floats(width=64)
NUMBER_MAPS = st.dictionaries(st.text(max_size=5), ANY_NUMBER, max_size=3)
TIMES = st.floats(-1e11, 1e11)
EVENTS = st.builds(
    EpisodeEvent,
    id=st.text(min_size=1, max_size=10),
    event=st.sampled_from(["open", "update", "close"]),
    sensor=st.text(min_size=1, max_size=20),
    family=st.sampled_from(["process", "health"]),
    kind=st.sampled_from(["value", "silent"]),
    severity=st.sampled_from(["info", "warning", "critical"]),
    score=ANY_NUMBER,
    p_value=st.one_of(st.floats(0, 1), st.just(math.nan)),
    started_at=TIMES,
    updated_at=TIMES,
    ended_at=st.none() | TIMES,
    message=st.text(min_size=1, max_size=50),
    observed=NUMBER_MAPS,
    expected=st.dictionaries(
        st.text(max_size=5), st.builds(Expected, ANY_NUMBER, ANY_NUMBER, ANY_NUMBER), max_size=3
    ),
    contributions=NUMBER_MAPS,
    streams=NUMBER_MAPS,
    evidence=st.builds(
        Evidence, st.integers(0, 999), st.floats(0, 1), st.floats(0, 1e9), st.integers(0, 999)
    ),
    model=st.none() | st.tuples(st.text(max_size=5), st.text(max_size=5)),
)


def refuse(name: str) -> float:
    """Fail on what JSON does not know."""
    raise AssertionError(f"{name} is no JSON")


def test_the_schema_is_a_schema() -> None:
    """Of the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


def test_an_event_looks_as_the_design_says() -> None:
    """Keys in their order, times in UTC with milliseconds."""
    assert json.loads(to_json(an_event())) == {
        "schema": "offbeat.event/1",
        "id": "3f9a",
        "event": "open",
        "sensor": "line1.pump",
        "family": "process",
        "kind": "value",
        "severity": "warning",
        "score": 1.75,
        "p_value": 0.00012,
        "started_at": "2023-11-14T22:13:20.000Z",
        "updated_at": "2023-11-14T22:14:20.250Z",
        "ended_at": None,
        "observed": {"value": 81.2},
        "expected": {"value": {"mean": 50.0, "low": 40.0, "high": 60.0}},
        "contributions": {"value": 1.0},
        "streams": {"level": 5.5},
        "evidence": {"readings": 256, "coverage": 0.98, "longest_gap_s": 12.5, "late": 1},
        "model": {"name": "lstm_vae", "version": "2026-11-20"},
        "message": "line1.pump reads 81.2, expected 40 to 60.",
    }
    assert list(json.loads(to_json(an_event()))) == [*SCHEMA["properties"]]


@given(EVENTS)
def test_whatever_the_core_decides_fits_the_schema(event: EpisodeEvent) -> None:
    """NaN, infinities, lone surrogates and far times included; and it is strict JSON in UTF-8."""
    text = to_json(event).decode("utf-8")
    VALIDATOR.validate(json.loads(text, parse_constant=refuse))


@given(EVENTS)
def test_a_consumer_reads_back_what_was_written(event: EpisodeEvent) -> None:
    """Writing what was read gives the same bytes."""
    written = to_json(event)
    again = from_json(written)
    assert to_json(again) == written
    assert (again.event, again.family, again.evidence.readings) == (
        event.event,
        event.family,
        event.evidence.readings,
    )


def test_an_ordinary_event_survives_the_way_there_and_back() -> None:
    """Nothing is lost where nothing is strange."""
    closed = an_event(event="close", ended_at=1_700_000_120.5, model=None)
    assert from_json(to_json(closed)) == closed


def test_single_precision_readings_are_written_as_people_wrote_them() -> None:
    """21.3 does not become 21.299999237060547."""
    event = an_event(observed={"value": 21.299999237060547})
    assert b'"observed":{"value":21.3}' in to_json(event)


def test_what_is_not_finite_is_null_or_left_out() -> None:
    """A channel without a number is not mentioned; a band needs all three of its numbers."""
    event = an_event(
        score=math.inf,
        p_value=math.nan,
        observed={"a": math.nan, "b": 1.0},
        expected={"a": Expected(1.0, -math.inf, 2.0), "b": Expected(1.0, 0.0, 2.0)},
    )
    said = json.loads(to_json(event))
    assert (said["score"], said["p_value"], said["observed"]) == (None, None, {"b": 1.0})
    assert list(said["expected"]) == ["b"]


@pytest.mark.parametrize("key", ["started_at", "updated_at", "ended_at"])
def test_an_event_without_a_time_is_an_error(key: str) -> None:
    """The core has no such event."""
    with pytest.raises(ValueError, match="time"):
        to_json(replace(an_event(), **{key: math.nan}))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": "offbeat.event/2"}',
        b'{"schema": "offbeat.event/1"}',
        to_json(an_event()).replace(b'"evidence":{', b'"evidence":3,"x":{'),
        to_json(an_event()).replace(b"2023", b"x"),
        b"\xff",
    ],
)
def test_what_is_no_event_is_refused_with_a_reason(text: bytes) -> None:
    """Only ValueError, whatever comes."""
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)


def test_unknown_keys_are_ignored() -> None:
    """A later version may say more."""
    more = json.loads(to_json(an_event())) | {"colour": "red"}
    assert from_json(json.dumps(more)) == an_event()
    VALIDATOR.validate(more)


@given(st.floats(-6.2e10, 2.5e11), st.floats(0, 1e6))
def test_times_are_written_to_the_nearest_millisecond(seconds: float, later: float) -> None:
    """And order is kept."""
    assert abs(milliseconds(seconds) / 1000 - seconds) <= 0.00051 + abs(seconds) * 1e-15
    assert to_rfc3339(seconds) <= to_rfc3339(seconds + later)


@pytest.mark.parametrize("seconds", [1e300, -1e300])
def test_times_beyond_the_calendar_are_written_as_its_ends(seconds: float) -> None:
    """RFC 3339 has four digits for the year."""
    assert to_rfc3339(seconds) in ("9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z")
