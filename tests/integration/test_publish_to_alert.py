"""From a publish to an alert, through a real broker and the daemon as a process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.conftest import GAP_SECONDS, SENSORS, reading, smallest_config
from tests.support.daemon import Daemon
from tests.support.listener import Listener, listening
from tests.support.mosquitto import Broker
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

SCHEMA = json.loads(Path("deploy/schemas/event.schema.json").read_text())


def config_of_plant(broker: Broker) -> str:
    """Return the configuration of a daemon for the plant; it ends in the table of alerts."""
    return f"""{smallest_config(broker)}
[alerts]
update_interval = "1s"
"""


def config(broker: Broker, artifact: Path, budget: str = "1/week") -> str:
    """Return the configuration of a daemon for the plant that judges by one artifact."""
    return f"""{config_of_plant(broker)}
budget = "{budget}"
state_interval = "1s"
[model]
artifact = "{artifact}"
"""


class Plant:
    """Publishes what the sensors of the plant measure, at their own pace, until told to stop."""

    def __init__(self, port: int) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._rng = np.random.default_rng(3)
        self._number = 0

    def run(self, rows: int, offset: float = 0.0) -> None:
        """Publish some rows of every sensor; `offset` is added to what the first sensor measures."""
        for _ in range(rows):
            self._number += 1
            for sensor, name in enumerate(SENSORS):
                value = reading(self._number, sensor, self._rng.normal(0, 0.1)) + (
                    offset if sensor == 0 else 0.0
                )
                payload = json.dumps({"ts": time.time(), "value": value})
                self._client.publish(f"plant/{name.replace('.', '/')}/state", payload, qos=1)
            time.sleep(GAP_SECONDS)  # the sensors' pace, not synchronisation

    def end(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def plant(broker: Broker) -> Iterator[Plant]:
    """A plant at the broker."""
    made = Plant(broker.port)
    yield made
    made.end()


def events(listener: Listener, sensor: str) -> list[dict[str, Any]]:
    """Return the events heard of a sensor that are about what it measures."""
    heard = [json.loads(message.payload) for message in listener.heard(f"offbeat/alerts/{sensor}")]
    return [event for event in heard if event["family"] == "process"]


def test_a_shift_is_alerted_and_closed_and_the_others_stay_quiet(
    broker: Broker, artifact: Path, plant: Plant, tmp_path: Path
) -> None:
    """A person who subscribes to the alerts hears of the fault while it lasts, and of its end."""
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", config(broker, artifact)) as daemon:
        daemon.start()
        wait_until(lambda: listener.heard("offbeat/status"), 10, "the daemon to say that it is online")
        plant.run(60)
        assert events(listener, "a.pump") == []
        plant.run(20, offset=15.0)
        wait_until(lambda: events(listener, "a.pump"), 10, "the alert")
        plant.run(160)
        wait_until(lambda: events(listener, "a.pump")[-1]["event"] == "close", 20, "the alert to close")
        assert daemon.terminate()[0] == 0
        heard = events(listener, "a.pump")
        for event in heard:
            jsonschema.validate(event, SCHEMA)
        first = heard[0]
        assert first["event"] == "open"
        assert first["score"] > 1.0
        assert first["observed"]["value"] > first["expected"]["value"]["high"]
        assert first["contributions"] == {"value": 1.0}
        assert first["model"]["name"] == "lstm_vae"
        assert first["message"].startswith("a.pump")
        assert {event["id"] for event in heard if event["started_at"] == first["started_at"]} == {first["id"]}
        assert [events(listener, name) for name in SENSORS[1:]] == [[], [], []]
        assert json.loads(listener.heard("offbeat/status")[-1].payload)["status"] == "offline"


def test_a_sensor_that_falls_silent_is_alerted_without_a_message(
    broker: Broker, artifact: Path, plant: Plant, tmp_path: Path
) -> None:
    """Silence needs no reading to be noticed, and a reading ends it."""
    # So young a cadence is trusted little; the generous budget spares the test minutes of waiting.
    text = config(broker, artifact, budget="10000/day")
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", text) as daemon:
        daemon.start()
        plant.run(200)

        def silent() -> list[str]:
            heard = [json.loads(message.payload) for message in listener.heard("offbeat/alerts/b.fan")]
            return [event["event"] for event in heard if event["kind"] == "silent"]

        wait_until(lambda: silent()[:1] == ["open"], 90, f"the silence; log:\n{daemon.log()[-2000:]}")
        plant.run(1)
        wait_until(lambda: silent()[-1:] == ["close"], 10, "the end of the silence")


def test_what_a_scrape_shows_adds_up(broker: Broker, artifact: Path, plant: Plant, tmp_path: Path) -> None:
    """Every stage received what it accepted and dropped, and the daemon says that it is ready and healthy."""
    with Daemon(tmp_path / "daemon", config(broker, artifact)) as daemon:
        daemon.start()
        plant.run(10)
        wait_until(lambda: daemon.metric("offbeat_rows_scored_total") == 40, 10, "all rows to be scored")
        for stage in ("decoder", "inbox"):
            lines = [line for line in daemon.get("/metrics")[1].splitlines() if f'stage="{stage}"' in line]
            total = {
                kind: sum(
                    float(line.rsplit(" ", 1)[1])
                    for line in lines
                    if line.startswith(f"offbeat_{kind}_total")
                )
                for kind in ("received", "accepted", "dropped")
            }
            assert total["received"] == total["accepted"] + total["dropped"] > 0
        assert daemon.get("/-/healthy")[0] == 200
        assert "offbeat_model_info" in daemon.get("/metrics")[1]
        status = json.loads(daemon.get("/api/v1/status")[1])
        assert status["ready"] is True
        assert status["sensors"]["ready"] == len(SENSORS)
        listed = json.loads(daemon.get("/api/v1/sensors?sort=name")[1])["sensors"]
        assert [one["sensor"] for one in listed] == sorted(SENSORS)
        by_sensor = daemon.get("/metrics/sensors")[1]
        for name in SENSORS:
            assert f'offbeat_sensor_rows_total{{sensor="{name}"}} 10\n' in by_sensor
            assert f'offbeat_sensor_value{{sensor="{name}",channel="value"}} ' in by_sensor


def test_an_outage_of_the_broker_makes_no_sensor_silent(
    broker: Broker, artifact: Path, plant: Plant, tmp_path: Path
) -> None:
    """Who is not heard because nobody listens is not silent; the alerts go on when the broker is back."""
    text = config(broker, artifact, budget="10000/day")
    with Daemon(tmp_path / "daemon", text) as daemon:
        daemon.start()
        plant.run(200)
        broker.stop()
        wait_until(lambda: not daemon.is_ready(), 20, "the daemon to notice")
        ticks = daemon.metric("offbeat_snapshots_total")
        # Snapshots are taken behind ticks: so many of them are about ten seconds of outage.
        wait_until(lambda: daemon.metric("offbeat_snapshots_total") >= ticks + 80, 60, "time to pass")
        broker.start()
        wait_until(daemon.is_ready, 60, "the daemon to be back")
        lines = daemon.get("/metrics")[1].splitlines()
        assert [line for line in lines if line.startswith('offbeat_episodes_open{kind="silent"}')] == [
            'offbeat_episodes_open{kind="silent"} 0.0'
        ]
