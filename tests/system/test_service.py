"""The service as systemd runs it: the shipped unit, a real systemd, a real broker."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.machine import LACKING, PYTHON, STOP_THREAD, Machine
from tests.support.mosquitto import MOSQUITTO
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.systemd,
    pytest.mark.broker,
    pytest.mark.skipif(bool(LACKING), reason=f"no systemd to boot: {LACKING}"),
]

CONFIG = """
[mqtt]
url = "mqtt://127.0.0.1:1884"
username = "plant"
password_file = "mqtt-password"
[[source]]
topic = "plant/{sensor}"
[state]
snapshot_interval = "1s"
"""
PAGE = "http://127.0.0.1:9641"
BROKER = f"""
[Service]
ExecStart={MOSQUITTO} -c /etc/broker.conf
"""
QUICK = """
[Service]
WatchdogSec=6
TimeoutAbortSec=2
RestartSec=1
LoadCredential=mqtt-password:/etc/offbeat/mqtt-password
"""
PUBLISH = """
import paho.mqtt.client as mqtt, sys
from paho.mqtt.enums import CallbackAPIVersion
client = mqtt.Client(CallbackAPIVersion.VERSION2)
client.username_pw_set("plant", "secret")
client.connect("127.0.0.1", 1884)
client.loop_start()
for name in sys.argv[1:]:
    client.publish(f"plant/{name}", "1.5", qos=1).wait_for_publish(10)
client.disconnect()
"""
ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=5)
except urllib.error.HTTPError as error:
    answer = error
print(answer.read().decode())
"""
FRAME = re.compile(r'^  File ".*/offbeat/([^"]+)", line \d+ in', re.MULTILINE)
STOOD_IN = {
    "app/learner.py",
    "app/loop.py",
    "app/model_exchange.py",
    "app/service.py",
    "app/state_saver.py",
    "ingest/journal.py",
    "ingest/mqtt.py",
    "observe/journald.py",
    "observe/watchdog.py",
    "publish/intake.py",
    "publish/sender.py",
    "scoring/worker.py",
}
"""Of each thread of a daemon a file that is in its stack."""
LEARNING = """
[learning]
first_after = "3s"
first_readings = 140
size = "tiny"
"""
LIVE = """
import math, time
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
client = mqtt.Client(CallbackAPIVersion.VERSION2)
client.username_pw_set("plant", "secret")
client.connect("127.0.0.1", 1884)
client.loop_start()
for n in range(200):
    for i, name in enumerate(("pump", "fan")):
        client.publish(f"plant/{name}", f"{20 + math.sin(n / 9 + i) + (n * 7919 % 97) / 500:.4f}", qos=1)
    time.sleep(0.04)  # the sensors' pace
client.publish("plant/pump", "20", qos=1).wait_for_publish(10)
client.disconnect()
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine with a broker that wants a password, and the daemon installed but not started."""
    with Machine() as booted:
        booted.write(
            "/etc/broker.conf", "listener 1884 127.0.0.1\npassword_file /etc/broker.passwords\nuser root\n"
        )
        booted.run("mosquitto_passwd", "-c", "-b", "/etc/broker.passwords", "plant", "secret")
        booted.write("/etc/systemd/system/broker.service", BROKER)
        booted.write("/etc/systemd/system/offbeat.service.d/quick.conf", QUICK)
        booted.write("/etc/offbeat/offbeat.toml", CONFIG)
        booted.write("/etc/offbeat/mqtt-password", "secret\n", 0o600)
        booted.run("systemctl", "daemon-reload")
        booted.run("systemctl", "start", "broker")
        yield booted


@pytest.fixture
def service(machine: Machine) -> Iterator[Machine]:
    """The same machine with the service ready, and nothing known from before."""
    machine.write("/etc/offbeat/offbeat.toml", CONFIG)
    machine.run("systemctl", "start", "offbeat")
    yield machine
    machine.run("systemctl", "stop", "offbeat")
    machine.run("systemctl", "reset-failed", "offbeat", check=False)
    machine.run("systemctl", "clean", "--what=state", "offbeat")


def published(machine: Machine, *names: str) -> None:
    """Publish a reading of each sensor, acknowledged by the broker."""
    machine.run(PYTHON, "-c", PUBLISH, *names)


def sensors(machine: Machine) -> int:
    """Return how many sensors the status line speaks of."""
    words = machine.property_of("offbeat", "StatusText").split()
    return int(words[0]) if words and words[0].isdigit() else -1


def test_it_is_ready_logs_in_and_tells_its_status(service: Machine) -> None:
    """`systemctl start` returned, so READY was said; the password came as a credential that only root can read."""
    assert service.property_of("offbeat", "ActiveState") == "active"
    assert (
        int(service.run("stat", "--format", "%u", f"/proc/{service.property_of('offbeat', 'MainPID')}"))
        > 60_000
    )
    published(service, "pump", "fan")
    wait_until(lambda: sensors(service) == 2, 20, "the status line to name two sensors")


def test_state_survives_a_restart_under_another_user(service: Machine) -> None:
    """A dynamic user owns the state folder whoever it is this time."""
    published(service, "valve", "pump")
    wait_until(lambda: sensors(service) == 2, 20, "the sensors to be known")
    service.run("systemctl", "restart", "offbeat")
    wait_until(lambda: sensors(service) == 2, 20, "the sensors to be known again")
    assert service.run("stat", "--format", "%a", "/var/lib/private/offbeat") == "700"


def test_root_is_led_to_the_service_from_a_folder_with_another_configuration(service: Machine) -> None:
    """Both where it is root's own, of some trial, and where somebody else put it there."""
    service.write("/srv/offbeat.toml", CONFIG + '[metrics]\nlisten = "127.0.0.1:1"\n')
    asks = ("sh", "-c", "cd /srv && /opt/offbeat/bin/offbeat status 2>&1")
    said = service.run(*asks)
    assert "going by /etc/offbeat/offbeat.toml, by which a daemon runs: none runs by offbeat.toml" in said
    assert " is ready" in said
    service.run("chown", "nobody", "/srv/offbeat.toml")
    said = service.run(*asks)
    assert (
        "going by /etc/offbeat/offbeat.toml: offbeat.toml belongs to nobody; --config says by which" in said
    )
    assert " is ready" in said


@pytest.mark.timeout(400)
def test_it_learns_by_itself_within_its_sandbox(service: Machine) -> None:
    """Its process may take the lowest priority, and writes into the library as the dynamic user."""
    learn_with(service, priority="idle", steps=1_000_000)
    wait_until(lambda: trainings(service) == ["IDL"], 60, "a training at the lowest priority")
    learn_with(service, priority="normal", steps=40)
    promotions = "/var/lib/private/offbeat/models/value/promotions.json"
    wait_until(lambda: service.status("test", "-s", promotions) == 0, 240, "a first model")
    owner = service.run("stat", "--format", "%u", promotions)
    assert owner == service.run("stat", "--format", "%u", "/var/lib/private/offbeat")
    assert "step back" not in service.log_of("offbeat")


def learn_with(service: Machine, priority: str, steps: int) -> None:
    """Let the service learn as soon as it can, and give it something to learn from."""
    own = f'priority = "{priority}"\nsteps = {steps}\n'
    service.write("/etc/offbeat/offbeat.toml", CONFIG + LEARNING + own)
    service.run("systemctl", "restart", "offbeat")
    service.run(PYTHON, "-c", LIVE)


def trainings(service: Machine) -> list[str]:
    """Return the scheduling class of each training that runs."""
    listed = service.run("ps", "-eo", "cls=,args=").splitlines()
    return [line.split()[0] for line in listed if "learning_child" in line]


def test_a_hangup_before_it_is_ready_does_no_harm(machine: Machine) -> None:
    """A SIGHUP kills a program that does not expect it, and systemd would think that it was meant (telegraf).

    So it is expected from the program's first statement on, long before anything is loaded.
    """
    machine.write("/etc/offbeat/offbeat.toml", CONFIG)
    machine.run("systemctl", "start", "--no-block", "offbeat")
    wait_until(lambda: expects_hangup(machine), 20, "the program's first statement")
    process, hangups = machine.property_of("offbeat", "MainPID"), 0
    while machine.property_of("offbeat", "ActiveState") == "activating":
        machine.run("systemctl", "kill", "--signal=HUP", "offbeat")
        hangups += 1
    assert hangups > 3
    assert machine.property_of("offbeat", "ActiveState") == "active"
    assert machine.property_of("offbeat", "MainPID") == process
    machine.run("systemctl", "stop", "offbeat")


def expects_hangup(machine: Machine) -> bool:
    """Tell whether a SIGHUP would be ignored or handled by the service, rather than end it."""
    status = machine.run("cat", f"/proc/{machine.property_of('offbeat', 'MainPID')}/status", check=False)
    masks = [
        int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigIgn", "SigCgt"))
    ]
    return any(mask & 1 for mask in masks)


def test_a_good_configuration_is_reloaded(service: Machine) -> None:
    """Another source is heard, by the same process that knows the sensors of before."""
    process = service.property_of("offbeat", "MainPID")
    published(service, "pump")
    wait_until(lambda: sensors(service) == 1, 20, "the sensor to be known")
    service.write("/etc/offbeat/offbeat.toml", CONFIG.replace("plant/{sensor}", "plant/{sensor...}"))
    service.run("systemctl", "reload", "offbeat")
    wait_until(lambda: "is in force" in service.log_of("offbeat"), 20, "the reload")

    def is_heard() -> bool:
        published(service, "line/fan")
        return sensors(service) == 2

    wait_until(is_heard, 30, "the topics of the new configuration to be heard")
    assert service.property_of("offbeat", "MainPID") == process
    assert service.property_of("offbeat", "ActiveState") == "active"


def test_a_bad_configuration_is_not_reloaded_and_does_not_end_the_service(service: Machine) -> None:
    """`systemctl reload` fails, the log and the status say why, and the sensors are watched as before."""
    process = service.property_of("offbeat", "MainPID")
    service.write("/etc/offbeat/offbeat.toml", CONFIG.replace("[mqtt]\n", '[mqtt]\nusrname = "x"\n'))
    assert service.status("systemctl", "reload", "offbeat") != 0
    wait_until(lambda: "not in force" in service.property_of("offbeat", "StatusText"), 20, "the status line")
    assert 'did you mean "username"' in service.log_of("offbeat")
    published(service, "pump")
    assert service.property_of("offbeat", "MainPID") == process
    assert service.property_of("offbeat", "ActiveState") == "active"
    service.write("/etc/offbeat/offbeat.toml", CONFIG)
    service.run("systemctl", "reload", "offbeat")
    wait_until(lambda: sensors(service) == 1, 20, "the status line to be the usual one, with the sensor")


def test_a_change_that_needs_a_restart_waits_for_one(service: Machine) -> None:
    """The file is good, so the reload itself succeeds for systemd; the status line says that it is not in force."""
    process = service.property_of("offbeat", "MainPID")
    service.write("/etc/offbeat/offbeat.toml", CONFIG + "[limits]\nmax_sensors = 100\n")
    service.run("systemctl", "reload", "offbeat")
    wait_until(lambda: "not in force" in service.property_of("offbeat", "StatusText"), 20, "the status line")
    assert "only a restart can change limits.max_sensors" in service.log_of("offbeat")
    service.run("systemctl", "restart", "offbeat")
    assert service.property_of("offbeat", "MainPID") != process
    wait_until(lambda: sensors(service) == 0, 20, "the usual status line")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("stage", "grace_seconds"), [("loop", 30), ("scorer", 60)])
def test_a_stage_that_stalls_is_killed_by_the_watchdog_and_the_daemon_comes_back_with_its_state(
    service: Machine, stage: str, grace_seconds: int
) -> None:
    """Only that one stands: the rest answers, hears, and writes what it hears into the journal.

    What was heard meanwhile is known after the restart, too: state is a fold of the log.
    """
    published(service, "pump", "fan", "motor")
    wait_until(lambda: sensors(service) == 3, 20, "the sensors to be known")
    stalled = service.property_of("offbeat", "MainPID")
    stop_thread(service, stalled, stage)
    published(service, "valve")
    wait_until(lambda: messages_heard(service) == 4, 20, "the reader to hear as before")
    told_of_it = f"{stage} has stood still"
    wait_until(lambda: told_of_it in asked(service, "/-/healthy"), grace_seconds + 10, "the page to tell")
    assert service.property_of("offbeat", "MainPID") == stalled
    wait_until(lambda: service.property_of("offbeat", "MainPID") not in (stalled, "0"), 30, "a new process")
    wait_until(lambda: sensors(service) == 4, 30, "all sensors to be known")
    said = service.run("journalctl", f"_PID={stalled}", "--no-pager", "--output", "cat")
    [told] = re.findall(r"^a stage stands still.*stalled=(\w+) for (\d+) s$", said, re.MULTILINE)
    assert (told[0], int(told[1]) >= grace_seconds) == (stage, True)
    assert "Thread 0x" in said
    assert set(FRAME.findall(said)) >= STOOD_IN, "the stacks of all threads are in the journal"
    after = service.log_of("offbeat").partition(f"Killing process {stalled} (")[2]
    assert "Failed with result 'watchdog'" in after


def stop_thread(service: Machine, process: str, name: str) -> None:
    """Stop a thread of a process and no other; return when it stands."""
    unit = f"stall-{name}"
    service.in_background(unit, PYTHON, STOP_THREAD, process, name, f"{PAGE}/-/healthy")

    def stands() -> bool:
        log = service.log_of(unit)
        assert "Traceback" not in log, log
        return "stopped" in log

    wait_until(stands, 40, f"the thread {name} to be stopped")


def asked(service: Machine, path: str) -> str:
    """Return what a page of the daemon says, whatever its status; nothing while there is none."""
    return service.run(PYTHON, "-c", ASK, PAGE + path, check=False)


def messages_heard(service: Machine) -> float:
    """Return how many messages the daemon's reader has taken in; -1 while the daemon does not say."""
    counts = [
        float(line.split()[1])
        for line in asked(service, "/metrics").splitlines()
        if line.startswith("offbeat_received_total") and 'stage="decoder",unit="message"' in line
    ]
    return sum(counts) if counts else -1.0


def test_two_daemons_of_the_template_live_side_by_side(machine: Machine) -> None:
    """Each has its own configuration and its own state, and neither is in the way of the plain service."""
    machine.write("/etc/offbeat/mqtt-password-for-all", "secret\n", 0o600)
    machine.write(
        "/etc/systemd/system/offbeat@.service.d/password.conf",
        "[Service]\nLoadCredential=mqtt-password:/etc/offbeat/mqtt-password-for-all\n",
    )
    machine.run("systemctl", "daemon-reload")
    names = ("north", "south")
    for port, name in enumerate(names, 9701):
        own = f'[metrics]\nlisten = "127.0.0.1:{port}"\n'
        machine.write(
            f"/etc/offbeat/{name}.toml", CONFIG.replace("[mqtt]", f'[mqtt]\nclient_id = "{name}"') + own
        )
        machine.run("systemctl", "start", f"offbeat@{name}")
    for name in names:
        assert machine.property_of(f"offbeat@{name}", "NRestarts") == "0"
        assert machine.status("test", "-d", f"/var/lib/private/offbeat-{name}/journal") == 0
        machine.run("systemctl", "stop", f"offbeat@{name}")


def test_a_bad_configuration_ends_with_78_and_is_not_tried_again(machine: Machine) -> None:
    """The log says what is wrong, once."""
    machine.write("/etc/offbeat/offbeat.toml", CONFIG.replace("[mqtt]\n", '[mqtt]\nusrname = "x"\n'))
    assert machine.status("systemctl", "start", "offbeat") != 0
    wait_until(
        lambda: machine.property_of("offbeat", "ActiveState") == "failed", 20, "the unit to have failed"
    )
    assert machine.property_of("offbeat", "ExecMainStatus") == "78"
    assert machine.property_of("offbeat", "NRestarts") == "0"
    assert 'did you mean "username"' in machine.log_of("offbeat")
    machine.run("systemctl", "reset-failed", "offbeat")
