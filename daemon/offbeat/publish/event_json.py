"""Events as JSON, by the contract in `deploy/schemas/event.schema.json`, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from offbeat.core.events import EpisodeEvent, Evidence, Expected

SCHEMA = "offbeat.event/1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS = -62_135_596_800_000
_LATEST_MS = 253_402_300_799_999
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, Any])


def to_json(event: EpisodeEvent) -> bytes:
    """Return an event as one JSON object on one line.

    Numbers are written with seven significant digits, which is what a float32 holds. NaN and infinities,
    which JSON cannot hold, become null, or are left out where the name of a channel stands before them.

    Raises:
        ValueError: a time is not finite.
    """
    return _encoder.encode(to_object(event))


def to_object(event: EpisodeEvent) -> dict[str, Any]:
    """Return an event as the object that `to_json` writes; keys always stand in the same order."""
    evidence = event.evidence
    return {
        "schema": SCHEMA,
        "id": to_text(event.id),
        "event": event.event,
        "sensor": to_text(event.sensor),
        "family": event.family,
        "kind": to_text(event.kind),
        "severity": event.severity,
        "score": to_number(event.score),
        "p_value": to_number(event.p_value),
        "started_at": to_rfc3339(event.started_at),
        "updated_at": to_rfc3339(event.updated_at),
        "ended_at": None if event.ended_at is None else to_rfc3339(event.ended_at),
        "observed": _numbers(event.observed),
        "expected": _bands(event.expected),
        "contributions": _numbers(event.contributions),
        "streams": _numbers(event.streams),
        "evidence": {
            "readings": evidence.readings,
            "coverage": to_number(evidence.coverage),
            "longest_gap_s": to_number(evidence.longest_gap_seconds),
            "late": evidence.late,
        },
        "model": None
        if event.model is None
        else {"name": to_text(event.model[0]), "version": to_text(event.model[1])},
        "message": to_text(event.message),
    }


def from_json(data: bytes | str) -> EpisodeEvent:
    """Return the event that a JSON text holds; keys it does not know are ignored.

    Raises:
        ValueError: the text is not an event of this schema; the message says what is wrong.
    """
    try:
        raw = _decoder.decode(data)
        if raw.get("schema") != SCHEMA:
            raise ValueError(f"the schema is {raw.get('schema')!r}, expected {SCHEMA!r}")
        return _event(raw)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not an event: {type(error).__name__}: {error}") from error


def milliseconds(seconds: float) -> int:
    """Return unix seconds as the whole milliseconds that events carry.

    Raises:
        ValueError: the time is not finite.
    """
    if not math.isfinite(seconds):
        raise ValueError(f"an event's time is {seconds}, expected unix seconds")
    # Beyond the years that RFC 3339 can write, the bound says enough.
    return round(min(max(seconds * 1000.0, _EARLIEST_MS), _LATEST_MS))


def to_rfc3339(seconds: float) -> str:
    """Return unix seconds as RFC 3339 in UTC with milliseconds.

    Raises:
        ValueError: the time is not finite.
    """
    at = _EPOCH + timedelta(milliseconds=milliseconds(seconds))
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_number(value: float) -> float | None:
    """Return a number with the seven significant digits that a float32 holds; None if it is not finite."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def to_text(text: str) -> str:
    """Return a text that UTF-8 can hold: a lone surrogate, which Python takes for text, becomes "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _event(raw: dict[str, Any]) -> EpisodeEvent:
    evidence, model, ended = raw["evidence"], raw["model"], raw["ended_at"]
    return EpisodeEvent(
        id=raw["id"],
        event=raw["event"],
        sensor=raw["sensor"],
        family=raw["family"],
        kind=raw["kind"],
        severity=raw["severity"],
        score=_float(raw["score"]),
        p_value=_float(raw["p_value"]),
        started_at=_seconds(raw["started_at"]),
        updated_at=_seconds(raw["updated_at"]),
        ended_at=None if ended is None else _seconds(ended),
        message=raw["message"],
        observed={name: float(value) for name, value in raw["observed"].items()},
        expected={
            name: Expected(float(band["mean"]), float(band["low"]), float(band["high"]))
            for name, band in raw["expected"].items()
        },
        contributions={name: float(value) for name, value in raw["contributions"].items()},
        streams={name: float(value) for name, value in raw.get("streams", {}).items()},
        evidence=Evidence(
            evidence["readings"],
            _float(evidence["coverage"]),
            _float(evidence["longest_gap_s"]),
            evidence["late"],
        ),
        model=None if model is None else (model["name"], model["version"]),
    )


def _seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - _EPOCH) / timedelta(seconds=1)


def _float(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {to_text(name): float(f"{value:.7g}") for name, value in values.items() if math.isfinite(value)}


def _bands(bands: Mapping[str, Expected]) -> dict[str, dict[str, float]]:
    written = {}
    for name, band in bands.items():
        numbers = _numbers({"mean": band.mean, "low": band.low, "high": band.high})
        if len(numbers) == 3:
            written[to_text(name)] = numbers
    return written
