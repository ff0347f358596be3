"""Publish a simulation as MQTT messages, each at its time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from offbeat.app.plain_client import PlainClient
from offbeat.app.simulation import Clock, PlannedFault, Simulation, edges

_encode = msgspec.json.Encoder().encode
MOST_AT_ONCE = 500
LONGEST_WAIT_SECONDS = 0.25

OnEdge = Callable[[str, PlannedFault], None]


@dataclass(frozen=True, slots=True)
class Published:
    """What was published.

    Attributes:
        messages: readings sent.
        behind_seconds: by how much the last one was late; much of it says that the machine is too slow for
            the rate.
    """

    messages: int
    behind_seconds: float


def reading_payload(time_seconds: float, value: float) -> bytes:
    """Return a reading as simulated and demonstrated sensors send it."""
    return _encode({"ts": round(time_seconds, 6), "value": float(f"{value:.7g}")})


def publish(
    simulation: Simulation,
    client: PlainClient,
    clock: Clock,
    qos: int,
    now: Callable[[], float],
    stop: threading.Event,
    on_edge: OnEdge,
) -> Published:
    """Publish every reading at its time until all are sent or `stop` is set.

    Args:
        simulation: what to publish.
        client: connected.
        clock: from the simulation's time to unix time; readings carry the latter.
        qos: 0 or 1.
        now: unix seconds.
        stop: ends it early.
        on_edge: called with "starts" or "ends" and the fault as each comes to pass.

    Raises:
        UnavailableError: the connection is lost.
    """
    times, number, values = (
        column.tolist() for column in (simulation.times, simulation.number, simulation.values)
    )
    coming = list(edges(simulation.faults))[::-1]
    sent, behind = 0, 0.0
    while not stop.is_set() and (sent < len(times) or coming):
        moment = clock.simulated(now())
        while coming and coming[-1][0] <= moment:
            _, what, fault = coming.pop()
            on_edge(what, fault)
        first = sent
        while sent < len(times) and times[sent] <= moment and sent - first < MOST_AT_ONCE:
            payload = reading_payload(clock.published(times[sent]), values[sent])
            client.publish(simulation.topics[number[sent]], payload, qos)
            sent += 1
        if sent > first:
            behind = max(0.0, (clock.simulated(now()) - times[sent - 1]) / clock.speed)
        if sent - first < MOST_AT_ONCE:
            stop.wait(_pause(times, sent, coming, clock, now()))
    return Published(sent, behind)


def _pause(
    times: list[float], sent: int, coming: list[tuple[float, str, PlannedFault]], clock: Clock, now: float
) -> float:
    """Return how long there is nothing to do."""
    following = [times[sent]] if sent < len(times) else []
    following += [coming[-1][0]] if coming else []
    if not following:
        return 0.0
    return min(max(clock.published(min(following)) - now, 0.0), LONGEST_WAIT_SECONDS)
