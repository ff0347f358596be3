"""Probes beside the load: sensors that send ordinary values once a second and, each once, a spike among them.

Payloads carry the time of their publish; whoever listens beside the daemon hears them and the alerts.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.benchmarks.trained import (
    PROBE_GAP_SECONDS,
    PROBE_LEVEL,
    PROBE_NOISE,
    PROBES,
    probe_id,
    probe_topic,
)
from tests.support.waiting import wait_until

SPIKE = PROBE_LEVEL + 200 * PROBE_NOISE
LATE_SECONDS = 5.0
FEWEST_SHARE = 0.9
"""Of the spikes that are to be told as alerts for a figure to count."""


@dataclass(slots=True)
class Watcher:
    """What a subscriber beside the daemon has seen.

    Attributes:
        alerts: unix seconds at which each probe's first opening came, by sensor id.
        passed: seconds that each probe's message took through the broker.
    """

    alerts: dict[str, float] = field(default_factory=dict)
    passed: list[float] = field(default_factory=list)

    def take(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        """Write down when a message came."""
        now, content = time.time(), json.loads(message.payload)
        if "ts" in content:
            self.passed.append(now - content["ts"])
        elif content["event"] == "open" and content["family"] == "process":
            self.alerts.setdefault(content["sensor"], now)


class Probes:
    """A client that publishes for all probes and hears them and the alerts."""

    def __init__(self, client: mqtt.Client, watcher: Watcher) -> None:
        self._client = client
        self._random = np.random.default_rng(1)
        self.watcher = watcher

    def round(self, spikes: list[int]) -> dict[str, float]:
        """Publish a value of each probe, spread over the time between two; return when each spike was.

        A probe that was told of before, by chance, spikes for nothing and is left out.
        """
        early = set(self.watcher.alerts)
        values = PROBE_LEVEL + self._random.normal(0.0, PROBE_NOISE, PROBES)
        values[spikes] = SPIKE
        began, at = time.monotonic(), []
        for number, value in enumerate(values):
            due = began + number / len(values) * PROBE_GAP_SECONDS
            time.sleep(max(0.0, due - time.monotonic()))
            at.append(time.time())
            self._client.publish(probe_topic(number), b'{"ts":%.6f,"value":%.4f}' % (at[-1], value), 1)
        time.sleep(max(0.0, began + PROBE_GAP_SECONDS - time.monotonic()))
        return {probe_id(n): at[n] for n in spikes if probe_id(n) not in early}

    def delays(self, spiked: dict[str, float]) -> list[float]:
        """Return the seconds from spikes to their alerts, of those that come within some time."""
        deadline = time.monotonic() + LATE_SECONDS
        while set(spiked) - set(self.watcher.alerts) and time.monotonic() < deadline:
            time.sleep(0.02)
        alerts = self.watcher.alerts
        found = [alerts[sensor] - at for sensor, at in spiked.items() if sensor in alerts]
        assert found, f"none of {len(spiked)} spikes was told as an alert"
        return found


@contextmanager
def probing(port: int) -> Iterator[Probes]:
    """Yield probes that are connected to a broker of this machine."""
    watcher, granted = Watcher(), []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = _subscribe
    client.on_subscribe = lambda *_: granted.append(True)
    client.on_message = watcher.take
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", port)
    sock = client.socket()
    assert isinstance(sock, socket.socket)
    # The way to the broker is no part of what is measured: a probe leaves when it is published.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.loop_start()
    try:
        wait_until(lambda: granted, 10, "the subscription to be granted")
        yield Probes(client, watcher)
    finally:
        client.disconnect()
        client.loop_stop()


def _subscribe(client: mqtt.Client, *_: object) -> None:
    client.subscribe([("offbeat/alerts/#", 1), ("plant/probe/#", 1)])
