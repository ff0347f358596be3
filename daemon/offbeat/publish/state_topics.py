"""What is known of a sensor, as its retained topic carries it, and what waits to be published of that."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import msgspec

from offbeat.publish.event_json import to_number, to_rfc3339, to_text

SCHEMA = "offbeat.state/1"
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class SensorState:
    """What is known of a sensor now.

    Attributes:
        time_seconds: event time of the reading it speaks of, unix seconds.
        score: severity; 1.0 is the budget's boundary at commissioning; NaN if there is none yet.
        p_value: against the trailing calibration; NaN if there is none yet.
        open_kinds: kinds of the sensor's open episodes; empty when all is well.
        readiness: "waiting", "learning", "provisional" or "ready".
        progress: share of the readings that alerts about its values need, 0 to 1.
        reason: what it waits for, in words; empty when it is ready.
        eta_seconds: until it has these readings; NaN if nobody knows.
        model: name and version of what judges it; None if nothing judges its values.
    """

    sensor: str
    time_seconds: float
    score: float
    p_value: float
    open_kinds: tuple[str, ...] = ()
    readiness: str = "ready"
    progress: float = 1.0
    reason: str = ""
    eta_seconds: float = 0.0
    model: tuple[str, str] | None = None


def state_json(state: SensorState) -> bytes:
    """Return a state as the JSON object that its retained topic carries; what is not finite becomes null."""
    return _encoder.encode(
        {
            "schema": SCHEMA,
            "sensor": to_text(state.sensor),
            "at": to_rfc3339(state.time_seconds) if math.isfinite(state.time_seconds) else None,
            "score": to_number(state.score),
            "p_value": to_number(state.p_value),
            "anomalous": bool(state.open_kinds),
            "open": list(state.open_kinds),
            "readiness": state.readiness,
            "progress": to_number(round(state.progress, 3)),
            "reason": state.reason or None,
            "eta_s": to_number(round(state.eta_seconds, 1)),
            "model": None
            if state.model is None
            else dict(zip(("name", "version"), state.model, strict=True)),
        }
    )


class StateTopics:
    """States that wait to be sent, of each sensor only the newest, in order. Safe to use from several threads.

    How often a sensor is spoken of, and how many are, is the business of who puts them here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, SensorState] = {}

    @property
    def waiting(self) -> int:
        """Sensors whose newest state has not been sent."""
        return len(self._waiting)

    def put(self, states: Iterable[SensorState]) -> None:
        """Add states, newest last; one takes the place of an older one of its sensor."""
        with self._lock:
            self._waiting.update((state.sensor, state) for state in states)

    def drop(self) -> None:
        """Forget what waits: it is old, and who put it here tells all anew."""
        with self._lock:
            self._waiting.clear()

    def take(self, limit: int) -> list[SensorState]:
        """Return the first states that wait, up to `limit`; they count as sent."""
        with self._lock:
            sensors = list(islice(self._waiting, limit))
            return [self._waiting.pop(sensor) for sensor in sensors]
