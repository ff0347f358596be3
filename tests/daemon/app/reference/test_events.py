"""The page about events."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from offbeat.app.reference.events import detectors, events_page, fields_of
from offbeat.app.reference.example_event import EXAMPLE, STATE
from offbeat.app.shipped import shipped
from offbeat.core.sensor_states import KINDS
from offbeat.core.streams.registry import STREAM_NAMES
from offbeat.publish.event_json import to_object
from offbeat.publish.state_topics import state_json

SCHEMA = json.loads((shipped("deploy/schemas") / "event.schema.json").read_text())


def test_the_example_is_an_event() -> None:
    """By the schema that the page tells of."""
    Draft202012Validator(SCHEMA).validate(to_object(EXAMPLE))


def test_the_examples_speak_of_what_there_is() -> None:
    """Detectors, what episodes are about, and every field of a state."""
    assert set(EXAMPLE.streams) <= set(STREAM_NAMES)
    state = json.loads(state_json(STATE))
    assert set(state["open"]) <= set(KINDS)
    _, _, told = events_page().partition("## State and status")
    assert {name for name in state if f"| `{name}` |" in told} == set(state) - {"schema", "sensor"}


def test_every_field_is_told_with_those_inside() -> None:
    """Of a map the keys are names of channels."""
    fields = {name: kind for name, kind, _ in fields_of(SCHEMA)}
    assert set(SCHEMA["properties"]) <= set(fields)
    assert fields["evidence.longest_gap_s"] == "number or null"
    assert fields["expected.<name>.low"] == "number"
    assert fields["model.version"] == "string"
    assert fields["ended_at"] == "time, RFC 3339 in UTC or null"


def test_every_detector_is_told_in_words_of_its_own() -> None:
    """None is only "unusual here"."""
    words = [said for _, _, said in detectors()]
    assert len(set(words)) == len(words)
    assert "It is unusual here." not in words


def test_the_page_shows_the_example_as_it_is_published() -> None:
    """A reader may copy it."""
    shown = events_page().split("```json\n")[1].split("\n```")[0]
    assert json.loads(shown) == to_object(EXAMPLE)
