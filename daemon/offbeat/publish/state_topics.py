"""The last state of each sensor, published when it changes and otherwise at a bounded rate."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from offbeat.publish.event_json import to_rfc3339

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

    @property
    def standing(self) -> tuple[object, ...]:
        """What is told at once when it changes."""
        return self.open_kinds, self.readiness, self.model


def state_json(state: SensorState) -> bytes:
    """Return a state as the JSON object that its retained topic carries; what is not finite becomes null."""
    return _encoder.encode(
        {
            "schema": SCHEMA,
            "sensor": state.sensor.encode("utf-8", "replace").decode(),
            "at": to_rfc3339(state.time_seconds) if math.isfinite(state.time_seconds) else None,
            "score": _number(state.score),
            "p_value": _number(state.p_value),
            "anomalous": bool(state.open_kinds),
            "open": list(state.open_kinds),
            "readiness": state.readiness,
            "progress": _number(round(state.progress, 3)),
            "reason": state.reason or None,
            "eta_s": _number(round(state.eta_seconds, 1)),
            "model": None
            if state.model is None
            else dict(zip(("name", "version"), state.model, strict=True)),
        }
    )


class StateTopics:
    """Keeps only the newest state of a sensor, and says which are due. Safe to use from several threads.

    A sensor is due at once when its open episodes, its readiness or its model changed, otherwise
    `interval_seconds` after it was sent.

    Args:
        interval_seconds: between two messages about a sensor that does not change.
        per_second: messages over all sensors.
    """

    def __init__(self, interval_seconds: float, per_second: float = 500.0) -> None:
        self.interval_seconds = interval_seconds
        self._per_second = per_second
        self._lock = threading.Lock()
        self._newest: dict[str, SensorState] = {}
        self._sent_at: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self._allowance = per_second
        self._refilled_at = -math.inf

    @property
    def waiting(self) -> int:
        """Sensors whose newest state has not been sent."""
        return len(self._due)

    def put(self, states: Iterable[SensorState], now: float) -> None:
        """Replace what is known of some sensors.

        Args:
            states: newest last.
            now: monotonic seconds.
        """
        with self._lock:
            for state in states:
                known = self._newest.get(state.sensor)
                self._newest[state.sensor] = state
                if known is None or known.standing != state.standing:
                    self._schedule(state.sensor, now)
                elif state.sensor not in self._due:
                    due = self._sent_at.get(state.sensor, -math.inf) + self.interval_seconds
                    self._schedule(state.sensor, max(now, due))

    def take(self, now: float, limit: int) -> list[SensorState]:
        """Return up to `limit` states that are due at monotonic time `now`; they count as sent."""
        with self._lock:
            self._refill(now)
            taken: list[SensorState] = []
            while self._heap and len(taken) < limit and self._allowance >= 1 and self._heap[0][0] <= now:
                due, sensor = heapq.heappop(self._heap)
                if self._due.get(sensor) == due:
                    del self._due[sensor]
                    self._sent_at[sensor] = now
                    self._allowance -= 1
                    taken.append(self._newest[sensor])
            return taken

    def send_all_again(self, now: float) -> None:
        """Make every state due: a broker that lost its memory has no retained messages."""
        with self._lock:
            for sensor in self._newest:
                self._schedule(sensor, now)

    def wait_seconds(self, now: float, longest: float) -> float:
        """Return how long nothing can be due, at most `longest`."""
        with self._lock:
            if not self._heap:
                return longest
            refill = 0.0 if self._allowance >= 1 else 1.0 / self._per_second
            return min(longest, max(refill, self._heap[0][0] - now, 0.0))

    def _schedule(self, sensor: str, due: float) -> None:
        # Entries of the heap are never moved: an older one that no longer agrees with `_due` is passed over.
        if self._due.get(sensor, math.inf) > due:
            self._due[sensor] = due
            heapq.heappush(self._heap, (due, sensor))

    def _refill(self, now: float) -> None:
        if now > self._refilled_at:
            gained = (now - self._refilled_at) * self._per_second
            self._allowance = min(self._per_second, self._allowance + gained)
            self._refilled_at = now


def _number(value: float) -> float | None:
    return float(f"{value:.7g}") if math.isfinite(value) else None
