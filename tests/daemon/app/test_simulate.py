"""Publishing a simulation, against a real broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from offbeat.app.plain_client import PlainClient
from offbeat.app.simulate import publish
from offbeat.app.simulation import Clock, PlannedFault, SimulationPlan, simulate
from offbeat.config.settings import MqttSettings
from offbeat.errors import UnavailableError
from tests.support.mosquitto import Broker, BrokerFactory
from tests.support.ports import free_port
from tests.support.waiting import wait_until

PLAN = SimulationPlan(
    sensors=4, rate_per_second=5.0, duration_seconds=60.0, faults=("stuck", "silence"), fault_count=2
)


class _Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    def __call__(self, topic: str, payload: bytes) -> None:
        self.heard.append((topic, payload))


@pytest.mark.broker
@pytest.mark.parametrize("qos", [0, 1])
def test_every_reading_arrives_with_its_time(broker: Broker, qos: int) -> None:
    """In order, as JSON with `ts` on the clock of the publisher; each fault is told of as it starts and ends."""
    made, told = simulate(PLAN), list[tuple[str, PlannedFault]]()
    listener, settings = _Listener(), MqttSettings(url=broker.url)
    clock = Clock(time.time(), speed=200.0)
    with PlainClient(settings, "listener", listener) as ears, PlainClient(settings, "mouth") as mouth:
        ears.subscribe("plant/#")
        done = publish(made, mouth, clock, qos, time.time, threading.Event(), lambda *edge: told.append(edge))
        wait_until(lambda: len(listener.heard) == len(made), 10, "all readings")
    assert done.messages == len(made)
    messages = [json.loads(payload) for _, payload in listener.heard]
    expected = [clock.published(t) for t in made.times.tolist()]
    assert [message["ts"] for message in messages] == pytest.approx(expected, abs=1e-5)
    assert [message["value"] for message in messages] == pytest.approx(made.values.tolist(), rel=1e-6)
    assert [topic for topic, _ in listener.heard] == [made.topics[i] for i in made.number.tolist()]
    assert sorted((what, fault.kind) for what, fault in told) == [
        ("ends", "silence"), ("ends", "stuck"), ("starts", "silence"), ("starts", "stuck"),
    ]  # fmt: skip


@pytest.mark.broker
def test_it_stops_when_it_is_told_to(broker: Broker) -> None:
    """Long before the end, and without an error."""
    stop = threading.Event()
    stop.set()
    with PlainClient(MqttSettings(url=broker.url), "mouth") as mouth:
        done = publish(simulate(PLAN), mouth, Clock(time.time()), 1, time.time, stop, lambda *_: None)
    assert done.messages == 0


@pytest.mark.broker
def test_ctrl_c_ends_the_command_well(broker: Broker, tmp_path: Path) -> None:
    """Labels are written at the start; SIGINT leads to a summary and exit code 0."""
    command = [
        sys.executable,
        "-m",
        "offbeat",
        "simulate",
        "--url",
        broker.url,
        "--labels",
        str(tmp_path / "l.csv"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "20 sensors" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert "then stopped" in rest
    assert (tmp_path / "l.csv").read_text().startswith("series,start,end,kind\nline")


def test_an_unreachable_broker_is_named() -> None:
    """Exit code 69, and what to look at."""
    client = PlainClient(MqttSettings(url=f"mqtt://127.0.0.1:{free_port()}"), "mouth")
    with pytest.raises(UnavailableError, match=r"mqtt://127\.0\.0\.1:\d+ cannot be reached: .*is it running"):
        client.open()


@pytest.mark.broker
def test_a_refused_connection_is_told(start_broker: BrokerFactory, tmp_path: Path) -> None:
    """A broker that wants a password."""
    (tmp_path / "passwords").write_text("")
    (tmp_path / "passwords").chmod(0o644)
    broker = start_broker(f"password_file {tmp_path / 'passwords'}", anonymous=False)
    with pytest.raises(UnavailableError, match=r"refused the connection: .*check user name and password"):
        PlainClient(MqttSettings(url=broker.url), "mouth").open()


@pytest.mark.broker
def test_a_broker_that_goes_away_ends_the_simulation(broker: Broker) -> None:
    """It is an error that says so, not a silent loss of readings."""
    made = simulate(PLAN)
    with PlainClient(MqttSettings(url=broker.url), "mouth") as mouth:
        broker.stop()
        wait_until(lambda: not mouth.connected, 10, "the loss of the connection")
        with pytest.raises(UnavailableError, match=r"is lost"):
            publish(made, mouth, Clock(time.time(), 200.0), 1, time.time, threading.Event(), lambda *_: None)
