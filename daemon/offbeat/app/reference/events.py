"""The page about what is published, from the schema of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from offbeat import __version__
from offbeat.app.reference.example_event import EXAMPLE, OPENED_AT, STATE
from offbeat.app.reference.markdown import code, page, sentence, table
from offbeat.app.shipped import shipped
from offbeat.core.messages import why
from offbeat.core.sensor_states import KINDS
from offbeat.core.streams.registry import STREAM_KINDS, STREAM_NAMES, STREAM_TRACKS
from offbeat.publish.event_json import to_object
from offbeat.publish.state_topics import state_json
from offbeat.publish.status import offline_json, online_json

_TOPICS = (
    ("offbeat/alerts/<sensor>", "1", "no", "events: below"),
    (
        "offbeat/state/<sensor>",
        "0",
        "yes",
        "a sensor's score, at most `state_interval` old, and its open episodes",
    ),
    ("offbeat/status", "1", "yes", "whether the daemon is there; the last will says so when it is gone"),
)
_ROOT = """\
`offbeat` is the root that `alerts.root` names. In topics the characters of a sensor's id that are not letters, digits,
`_`, `.` or `-` are written as `%XX`, and ids over 200 characters end in a hash; `sensor` in the payload is the id
itself."""
_DETECTORS = """\
What `streams` may name, with the kind of anomaly that each speaks of and the words that the sentence has for it."""
_STATE = "A state, as it stands retained on `offbeat/state/press.flow` while that event's episode is open:"
_STATE_FIELDS = (
    ("at", "Time of the reading that it speaks of."),
    ("score", "Severity of its newest row, on every track the worst; 1.0 is the boundary of the budget."),
    ("p_value", "Chance that a bout as strange begins at it, on every track the least."),
    ("anomalous", "Whether it has an open episode."),
    (
        "open",
        f"What its open episodes are about: {', '.join(map(code, KINDS))}; `kind` of the event says it more closely.",
    ),
    ("readiness", "`waiting`, `learning`, `provisional` (judged by the fleet's laws) or `ready`."),
    ("progress", "Share of the readings that alerts about its values need."),
    ("reason", "What it waits for, in words; null when it is ready."),
    ("eta_s", "Seconds until it has these readings; null if nobody knows."),
    ("model", "Name and version of what judges it; null if nothing judges its values."),
)
_STATUS = "The status while the daemon is there, and after the broker lost it:"
_CHANGES = """\
The schema is [event.schema.json](../../deploy/schemas/event.schema.json). Consumers ignore keys that they do not know;
a change that would break them gets a new number in `schema`."""


def events_page() -> str:
    """Return the page."""
    schema = json.loads((shipped("deploy/schemas") / "event.schema.json").read_text())
    example = json.dumps(to_object(EXAMPLE), indent=2, ensure_ascii=False)
    rows = [(code(path), kind, about) for path, kind, about in fields_of(schema)]
    return page(
        "Events and topics",
        schema["description"].replace("<root>/alerts/<sensor>", "`offbeat/alerts/<sensor>`"),
        "## Topics",
        table(("topic", "QoS", "retained", "holds"), ((code(topic), *rest) for topic, *rest in _TOPICS)),
        _ROOT,
        "## Example",
        f"```json\n{example}\n```",
        "## Fields",
        table(("field", "type", "meaning"), rows),
        _CHANGES,
        "## Detectors",
        _DETECTORS,
        table(("detector", "kind", "when it is loud"), detectors()),
        "## State and status",
        _STATE,
        _json(state_json(STATE)),
        table(("field", "meaning"), ((code(name), about) for name, about in _STATE_FIELDS)),
        _STATUS,
        _json(online_json(__version__, "offbeat-edge", OPENED_AT)),
        _json(offline_json("connection lost")),
    )


def detectors() -> list[tuple[str, str, str]]:
    """Return name, kind and words of every detector that `streams` of an event may name."""
    tracks = zip(STREAM_NAMES, STREAM_TRACKS, STREAM_KINDS, strict=True)
    return [(code(name), kind or track, sentence(why(name))) for name, track, kind in tracks]


def fields_of(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield dotted name, type and meaning of every field that a schema describes; `<name>` stands for any key."""
    return _fields(schema, schema.get("$defs", {}), prefix)


def _fields(node: Mapping[str, Any], defs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in node.get("properties", {}).items():
        whole = _resolved(field, defs)
        yield prefix + name, _type(whole, defs), whole.get("description", "")
        for inner in (whole, *whole.get("anyOf", ())):
            yield from _fields(_resolved(inner, defs), defs, f"{prefix}{name}.")
            if isinstance(each := inner.get("additionalProperties"), dict):
                yield from _fields(each, defs, f"{prefix}{name}.<name>.")


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node with what it refers to; what it says itself goes before."""
    reference = node.get("$ref", "").rpartition("/")[2]
    return {**defs.get(reference, {}), **node}


def _type(node: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "const" in node:
        return code(f'"{node["const"]}"')
    if "enum" in node:
        return " or ".join(code(f'"{one}"') for one in node["enum"])
    if "anyOf" in node:
        return " or ".join(_type(_resolved(one, defs), defs) for one in node["anyOf"])
    if node.get("format") == "date-time":
        return "time, RFC 3339 in UTC"
    if isinstance(each := node.get("additionalProperties"), dict):
        return f"object: name to {_type(_resolved(each, defs), defs)}"
    kind = node.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _json(line: bytes) -> str:
    return f"```json\n{line.decode()}\n```"
