"""What survives kill -9, and how the daemon goes down when it is asked to."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from offbeat.state.snapshots import SnapshotStore
from tests.support.daemon import Daemon
from tests.support.mosquitto import Broker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

KILLS = 8
SENSORS = 40
WINDOW = 2048
"""Wide enough for all that a test publishes of a sensor: a reading that was lost anywhere shows."""
SHARDS = 4
MESSAGES_PER_SECOND = 1000

Windows = dict[str, dict[float, float]]


def config(broker: Broker) -> str:
    """Return the configuration of a daemon that must not lose what it acknowledged."""
    return f"""
[mqtt]
url = "{broker.url}"
persistent_session = true
session_expiry = "1h"
[[source]]
topic = "plant/{{line}}/{{sensor}}/state"
qos = 1
time = {{ field = "ts" }}
[limits]
max_sensors = 200
window_readings = {WINDOW}
allowed_lateness = "1h"
"""


class Load:
    """Publishes readings of QoS 1 in a thread and remembers every one of them, as the oracle does."""

    def __init__(self, port: int) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._last: mqtt.MQTTMessageInfo | None = None
        self.sent = 0
        self.readings: Windows = defaultdict(dict)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def _run(self) -> None:
        rng = np.random.default_rng(11)
        while not self._stop.is_set():
            sensor = int(rng.integers(SENSORS))
            # Some readings are old when they come, some come twice.
            stamp = round(time.time() - (rng.uniform(0, 5) if rng.random() < 0.05 else 0.0), 4)
            value = float(np.float32(rng.normal()))
            name = f"l{sensor % 3}.s{sensor}"
            payload = json.dumps({"ts": stamp, "value": value})
            for _ in range(2 if rng.random() < 0.02 else 1):
                self._last = self._client.publish(f"plant/{name.replace('.', '/')}/state", payload, qos=1)
                self.sent += 1
            known = self.readings[name].get(stamp)
            self.readings[name][stamp] = value if known is None else max(known, value)
            time.sleep(1 / MESSAGES_PER_SECOND)  # the load's pace, not synchronisation

    def end(self) -> None:
        """Stop, and wait until the broker has everything."""
        self._stop.set()
        self._thread.join(10)
        assert self._last is not None
        self._last.wait_for_publish(30)
        self._client.disconnect()
        self._client.loop_stop()

    def windows(self) -> dict[str, list[tuple[float, float]]]:
        """Return what every sensor's window must hold: its newest readings by time."""
        return {name: sorted(readings.items())[-WINDOW:] for name, readings in self.readings.items()}


def saved_windows(state: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the windows that the newest snapshots hold."""
    store, windows = SnapshotStore(state / "snapshots"), {}
    for shard in range(SHARDS):
        snapshot = store.newest_valid("value", shard)
        assert snapshot is not None
        times, values = snapshot.arrays["windows.times"], snapshot.arrays["windows.values"]
        for i, name in enumerate(snapshot.ids):
            count = int(snapshot.arrays["windows.counts"][i])
            windows[name] = list(zip(times[i, :count].tolist(), values[i, :count, 0].tolist(), strict=True))
    return windows


@pytest.fixture
def load(broker: Broker) -> Load:
    """A load at the broker."""
    return Load(broker.port)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_eight_kills_under_load_lose_nothing_that_was_acknowledged(
    broker: Broker, load: Load, tmp_path: Path
) -> None:
    """The journal holds what was acknowledged, the broker what was not; every window is what the oracle says."""
    daemon = Daemon(tmp_path / "daemon", config(broker), shards=SHARDS)
    with daemon:
        daemon.start()
        load.start()
        rng = np.random.default_rng(5)
        for _ in range(KILLS):
            heard = daemon.metric("offbeat_accepted_total")
            wait_until(
                lambda heard=heard: daemon.metric("offbeat_accepted_total") > heard + 200, 30, "readings"
            )
            time.sleep(rng.uniform(0.0, 0.7))  # a kill at an arbitrary moment is the point of the test
            daemon.kill()
            daemon.start()
        load.end()
        assert len(load.windows()) == SENSORS
        wait_until(
            lambda: saved_or_none(daemon) == load.windows(), 60, "the backlog to be worked off and saved"
        )
        assert daemon.terminate()[0] == 0
    assert saved_windows(daemon.state) == load.windows()


def test_sigterm_drains_within_its_deadline(broker: Broker, load: Load, tmp_path: Path) -> None:
    """What was taken in is judged and saved before the end, although the load goes on."""
    with Daemon(tmp_path / "daemon", config(broker), shards=SHARDS) as daemon:
        daemon.start()
        load.start()
        wait_until(lambda: daemon.metric("offbeat_accepted_total") > 500, 30, "readings")
        code, seconds = daemon.terminate()
        load.end()
        assert code == 0
        assert seconds < 20
        assert '"drained": true' in daemon.log()
        # The session is persistent: what came after the end is delivered at the next start.
        daemon.start()
        wait_until(lambda: saved_or_none(daemon) == load.windows(), 60, "the rest to be saved")
        daemon.terminate()
    assert saved_windows(daemon.state) == load.windows()


def saved_or_none(daemon: Daemon) -> dict[str, list[tuple[float, float]]]:
    """Return the saved windows, nothing while a shard has no snapshot yet."""
    try:
        return saved_windows(daemon.state)
    except AssertionError:
        return {}
