"""How long it takes from the publish of a spike to the alert on MQTT, while other sensors send 5,000 messages a second.

Each probe sends ordinary values once a second and one spike among them, not all in the same second; payloads carry
the time of their publish. The reference is the broker alone: from the same publishes to a subscriber beside the daemon.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.benchmarks.load import find_generator
from tests.benchmarks.site import NO_BROKER, running_site
from tests.benchmarks.table import Line, skipped
from tests.benchmarks.trained import (
    PROBE_GAP_SECONDS,
    PROBE_LEVEL,
    PROBE_NOISE,
    PROBES,
    probe_id,
    probe_topic,
)
from tests.support.mosquitto import MOSQUITTO
from tests.support.waiting import wait_until

MESSAGES_PER_SECOND = 5_000
CALM_ROUNDS, SPIKE_ROUNDS = 5, 10
SPIKE = PROBE_LEVEL + 200 * PROBE_NOISE
LATE_SECONDS = 5.0
BAR_SECONDS = 0.150
FEWEST_SHARE = 0.9
WHAT = "publish to alert on MQTT at 5k msg/s"


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


def measure(folder: Path) -> list[Line]:
    """Return the one line: spikes of all probes, one after the other."""
    if MOSQUITTO is None:
        return [skipped(WHAT, "p99 <= 150 ms", NO_BROKER)]
    generator, random = find_generator(folder), np.random.default_rng(1)
    seconds = (CALM_ROUNDS + SPIKE_ROUNDS) * PROBE_GAP_SECONDS + LATE_SECONDS
    rate = MESSAGES_PER_SECOND - int(PROBES / PROBE_GAP_SECONDS)
    watcher = Watcher()
    with running_site(folder, "latency") as site, _client(site.broker.port, watcher) as client:
        load = generator.start(site.broker.port, int(rate * seconds), 1, rate)
        try:
            spiked: dict[str, float] = {}
            for number in range(-CALM_ROUNDS, SPIKE_ROUNDS):
                values = PROBE_LEVEL + random.normal(0.0, PROBE_NOISE, PROBES)
                spikes = [n for n in range(PROBES) if n % SPIKE_ROUNDS == number]
                early = set(watcher.alerts)
                values[spikes] = SPIKE
                at = _publish(client, values)
                spiked |= {probe_id(n): at[n] for n in spikes if probe_id(n) not in early}
            _wait_for(watcher, set(spiked))
        finally:
            load.stop()
    delays = [watcher.alerts[sensor] - at for sensor, at in spiked.items() if sensor in watcher.alerts]
    return [_line(delays, len(spiked), watcher.passed, generator.name)]


def _line(delays: list[float], spikes: int, passed: list[float], generator: str) -> Line:
    assert delays, f"none of {spikes} spikes was told as an alert"
    middle, high = np.quantile(delays, [0.5, 0.99])
    broker_middle, broker_high = np.quantile(passed, [0.5, 0.99])
    return Line(
        WHAT,
        f"p50 {middle * 1e3:.0f} ms, p99 {high * 1e3:.0f} ms",
        f"broker alone p50 {broker_middle * 1e3:.1f} ms, p99 {broker_high * 1e3:.1f} ms",
        float(high / broker_high),
        "p99 <= 150 ms",
        bool(high <= BAR_SECONDS) and len(delays) >= FEWEST_SHARE * spikes,
        (
            f"{len(delays)} of {spikes} single spikes, {PROBES // SPIKE_ROUNDS} a second, were told as alerts.",
            f"the slowest took {max(delays) * 1e3:.0f} ms.",
            f"the ratio is of the p99; load by {generator}, QoS 1.",
        ),
    )


@contextmanager
def _client(port: int, watcher: Watcher) -> Iterator[mqtt.Client]:
    """Yield a connected client that publishes for the probes and hears their messages and the alerts."""
    client, granted = mqtt.Client(CallbackAPIVersion.VERSION2), []
    client.on_connect = _subscribe
    client.on_subscribe = lambda *_: granted.append(True)
    client.on_message = watcher.take
    client.max_inflight_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        wait_until(lambda: granted, 10, "the subscription to be granted")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _subscribe(client: mqtt.Client, *_: object) -> None:
    client.subscribe([("offbeat/alerts/#", 1), ("plant/probe/#", 1)])


def _publish(client: mqtt.Client, values: np.ndarray) -> list[float]:
    """Publish a value of each probe, spread over the time between two; return when each was."""
    began, at = time.monotonic(), []
    for number, value in enumerate(values):
        due = began + number / len(values) * PROBE_GAP_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        at.append(time.time())
        client.publish(probe_topic(number), b'{"ts":%.6f,"value":%.4f}' % (at[-1], value), 1)
    time.sleep(max(0.0, began + PROBE_GAP_SECONDS - time.monotonic()))
    return at


def _wait_for(watcher: Watcher, sensors: set[str]) -> None:
    deadline = time.monotonic() + LATE_SECONDS
    while sensors - set(watcher.alerts) and time.monotonic() < deadline:
        time.sleep(0.02)
