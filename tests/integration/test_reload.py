"""The configuration is read again while the daemon runs: through a real broker, by a signal, as systemd does it."""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import offbeat
from tests.support.daemon import Daemon
from tests.support.listener import Listener, listening
from tests.support.mosquitto import Broker
from tests.support.ports import free_port
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker

HALL = """
[[source]]
topic = "hall/{sensor}"
time = { field = "ts" }
"""
COLD = """
[[rule]]
sensor = "fan"
min = 5.0
"""


def config(broker: Broker, *more: str, mqtt: str = "", topic: str = "plant/{sensor}") -> str:
    """Return the configuration of a daemon that knows one rule, and what more there is to it."""
    return f"""
[mqtt]
url = "{broker.url}"
{mqtt}
[[source]]
topic = "{topic}"
time = {{ field = "ts" }}
[[rule]]
max = 50.0
{"".join(more)}
[alerts]
state_interval = "1s"
"""


def say(broker: Broker, topic: str, *values: float, ahead: float = 0.0) -> None:
    """Publish readings of a sensor a second apart, the first of them measured now, or a few seconds ahead of it."""
    begin = time.time() + ahead
    times = [begin + i for i in range(len(values))]
    publish(
        broker.port,
        [
            (topic, json.dumps({"ts": at, "value": value}).encode())
            for at, value in zip(times, values, strict=True)
        ],
    )


def events(listener: Listener, sensor: str) -> list[dict[str, Any]]:
    """Return the events heard of a sensor, those that only go on left out."""
    heard = [json.loads(message.payload) for message in listener.heard(f"offbeat/alerts/{sensor}")]
    return [event for event in heard if event["event"] != "update"]


def changes(listener: Listener, sensor: str) -> list[str]:
    """Return what happened to the episodes of a sensor."""
    return [event["event"] for event in events(listener, sensor)]


def status(daemon: Daemon) -> dict[str, Any]:
    """Return what the daemon says of itself."""
    found: dict[str, Any] = json.loads(daemon.get("/api/v1/status")[1])
    return found


def sensors(daemon: Daemon) -> float:
    """Return how many sensors there are."""
    return sum(status(daemon)["sensors"].values())


def test_what_is_added_counts_and_what_is_unchanged_goes_on(broker: Broker, tmp_path: Path) -> None:
    """An edit that is not about a sensor is not noticed by it: its episode stays open under its id (kapacitor#908)."""
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", config(broker)) as daemon:
        daemon.start()
        say(broker, "plant/pump", 20.0, 60.0)
        wait_until(lambda: changes(listener, "pump") == ["open"], 10, "the rule to be broken")
        say(broker, "plant/fan", 1.0)
        say(broker, "hall/door", 60.0)
        assert daemon.reload(config(broker, HALL, COLD)), daemon.log()
        say(broker, "plant/fan", 1.0)
        wait_until(lambda: changes(listener, "fan") == ["open"], 10, "the new rule to be broken")

        def door_is_heard() -> bool:
            say(broker, "hall/door", 60.0)
            return changes(listener, "door") == ["open"]

        wait_until(door_is_heard, 10, "the new source to be read")
        say(broker, "plant/pump", *[20.0] * 8, ahead=5)
        wait_until(lambda: changes(listener, "pump") == ["open", "close"], 10, "the end of the first one")
        assert len({event["id"] for event in events(listener, "pump")}) == 1
        assert daemon.metric("offbeat_mqtt_connections_total") == 2  # in and out, once each
        assert status(daemon)["configuration"]["problem"] == ""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text.replace("[mqtt]", "[mqtt]\nusrname = 1"), "did you mean"),
        (
            lambda text: text + '[model]\nthreads = 2\nbatch_delay = "1s"\n',
            "model.threads, model.batch_delay",
        ),
    ],
    ids=["invalid", "needs a restart"],
)
def test_a_configuration_that_cannot_be_had_leaves_the_old_one_alone(
    broker: Broker, tmp_path: Path, edit: Any, said: str
) -> None:
    """Nothing of it counts, not even what is good in it, and whoever asks is told (vmanomaly 1.25.1, 1.29.0)."""
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", config(broker)) as daemon:
        daemon.start()
        assert not daemon.reload(edit(config(broker, COLD)))
        assert said in daemon.log()
        assert said in status(daemon)["configuration"]["problem"]
        say(broker, "plant/fan", 1.0)
        say(broker, "plant/pump", 60.0)
        wait_until(lambda: changes(listener, "pump") == ["open"], 10, "the old rule to count")
        assert changes(listener, "fan") == []
        assert daemon.is_ready()
        assert daemon.reload(config(broker, COLD))
        assert status(daemon)["configuration"]["problem"] == ""
        assert 'offbeat_config_reloads_total{result="refused"} 1.0' in daemon.get("/metrics")[1]


def test_what_fails_half_way_is_taken_back(broker: Broker, tmp_path: Path) -> None:
    """The page cannot move to a port that is taken: it stays, and so does all the rest."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Daemon(tmp_path / "daemon", config(broker)) as daemon,
    ):
        daemon.start()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert not daemon.reload(config(broker, HALL), listen=address)
        assert 'offbeat_config_reloads_total{result="rolled_back"} 1.0' in daemon.get("/metrics")[1]
        assert address in status(daemon)["configuration"]["problem"]
        assert "hall/+" not in broker.log


def test_sensors_of_a_source_that_is_gone_are_neither_open_nor_silent(broker: Broker, tmp_path: Path) -> None:
    """What they had open is closed and says why; when the source is back they go on from where they were."""
    whole, less = config(broker, HALL), config(broker)
    with listening(broker.port) as listener, Daemon(tmp_path / "daemon", whole) as daemon:
        daemon.start()
        say(broker, "hall/door", *[20.0] * 20, 60.0)
        say(broker, "plant/pump", 20.0)
        wait_until(lambda: changes(listener, "door") == ["open"], 10, "the rule to be broken")
        wait_until(lambda: sensors(daemon) == 2, 10, "both sensors")
        assert daemon.reload(less)
        wait_until(lambda: changes(listener, "door") == ["open", "close"], 10, "the episode to be closed")
        assert "not listened to" in events(listener, "door")[-1]["message"]
        assert sensors(daemon) == 1
        assert 'sensor="door"' not in daemon.get("/metrics/sensors")[1]
        assert "UNSUBSCRIBE" in broker.log
        assert daemon.terminate()[0] == 0
        daemon.start()
        assert sensors(daemon) == 1
        assert daemon.reload(whole)

        def is_back() -> bool:
            say(broker, "hall/door", 60.0, ahead=60)
            return sensors(daemon) == 2

        wait_until(is_back, 10, "the sensor to be heard again")
        assert json.loads(daemon.get("/api/v1/sensors/door")[1])["window"]["values"][0][:3] == [20.0] * 3


def test_commands_know_by_what_the_daemon_runs(broker: Broker, tmp_path: Path) -> None:
    """`offbeat check` tells what a reload or a restart takes up, and `status` asks it though its file is broken."""
    with Daemon(tmp_path / "daemon", config(broker)) as daemon:
        daemon.start()
        assert offbeat("check", "-c", daemon.config).stdout.endswith("\nthe daemon runs by it already\n")
        daemon.write(config(broker, HALL))
        assert "daemon take up source\n" in offbeat("check", "-c", daemon.config).stdout
        assert daemon.reload(config(broker, HALL))
        assert offbeat("check", "-c", daemon.config).stdout.endswith("\nthe daemon runs by it already\n")
        daemon.write(config(broker, HALL, "[model]\nthreads = 2\n"))
        assert (
            "\nonly a restart lets it take up model.threads\n" in offbeat("check", "-c", daemon.config).stdout
        )
        daemon.write(config(broker, mqtt="qos = 1"), listen="127.0.0.1:1")
        status = offbeat("status", "-c", daemon.config)
        assert (status.returncode, " is ready\n" in status.stdout) == (0, True)
        assert "(mqtt.qos)" in status.stderr
        daemon.kill()
        assert offbeat("status", "-c", daemon.config).returncode == 69
        daemon.write(config(broker))
        assert offbeat("check", "-c", daemon.config).stdout.count("\n") == 1, "nothing runs that could differ"


def test_another_broker_is_listened_to_and_published_at(broker: Broker, tmp_path: Path) -> None:
    """Windows and episodes go with it; the old one is told goodbye."""
    other = Broker(tmp_path / "other").start()
    try:
        with Daemon(tmp_path / "daemon", config(broker)) as daemon:
            daemon.start()
            say(broker, "plant/pump", 60.0)
            wait_until(lambda: sensors(daemon) == 1, 10, "the sensor")
            with listening(broker.port) as listener, listening(other.port) as there:
                assert daemon.reload(config(other))
                wait_until(lambda: listener.heard("offbeat/status"), 10, "word at the old broker")
                goodbye = json.loads(listener.heard("offbeat/status")[-1].payload)
                assert goodbye["status"] == "offline"
                wait_until(daemon.is_ready, 10, "the new broker to be listened to")
                say(other, "plant/pump", *[20.0] * 8, ahead=5)
                wait_until(
                    lambda: changes(there, "pump") == ["close"], 10, "the end of what began at the other one"
                )
    finally:
        other.stop()


def test_threads_that_a_reload_makes_have_their_names(broker: Broker, tmp_path: Path) -> None:
    """In `top -H` each part is as easily found as after the start."""
    with Daemon(tmp_path / "daemon", config(broker)) as daemon:
        daemon.start()
        before = threads(daemon)
        assert {"reader", "loop", "scorer", "outbox", "snapshots", "watchdog"} <= set(before.values())
        daemon.write(config(broker, mqtt='keepalive = "30s"'), listen=f"127.0.0.1:{free_port()}")
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGHUP)

        def made() -> set[str]:
            return {name for thread, name in threads(daemon).items() if thread not in before}

        wait_until(lambda: made() >= {"publisher", "http"}, 20, "threads of what moved")
        wait_until(lambda: made() <= {"publisher", "http"}, 20, "no thread under another name")


def threads(daemon: Daemon) -> dict[str, str]:
    """Return the threads of the daemon, by what the system calls each."""
    assert daemon.process is not None
    found = {}
    for task in Path(f"/proc/{daemon.process.pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that answered a request, and is over
            found[task.name] = (task / "comm").read_text().strip()
    return found


def test_a_session_that_is_kept_forgets_the_topics_of_before(broker: Broker, tmp_path: Path) -> None:
    """Also when they went while the daemon was down: a broker keeps what was subscribed (telegraf PR#14366)."""
    session = 'persistent_session = true\nclient_id = "keeper"'
    with Daemon(tmp_path / "daemon", config(broker, HALL, mqtt=session)) as daemon:
        daemon.start()
        assert daemon.terminate()[0] == 0
        daemon.write(config(broker, mqtt=session))
        daemon.start()
        wait_until(
            lambda: "keeper 0 hall/+" in broker.log or "hall/+" in _left(broker), 10, "hall to be given up"
        )
        say(broker, "hall/door", 20.0)
        say(broker, "plant/pump", 20.0)
        wait_until(lambda: sensors(daemon) == 1, 10, "what is still wanted")
        received = [line for line in daemon.get("/metrics")[1].splitlines() if 'stage="decoder"' in line]
        assert 'offbeat_received_total{stage="decoder",unit="message"} 1.0' in received


def _left(broker: Broker) -> str:
    """Return what the broker logged from the last UNSUBSCRIBE on."""
    return (
        broker.log.rpartition("UNSUBSCRIBE from keeper")[2] if "UNSUBSCRIBE from keeper" in broker.log else ""
    )
