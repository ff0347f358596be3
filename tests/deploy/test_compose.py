"""The compose stack: what it mounts exists, what it starts accepts its files, nothing is open to the network."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from offbeat.config.loading import examine
from tests.support.daemon import Daemon
from tests.support.mosquitto import MOSQUITTO
from tests.support.ports import free_port, owns_port
from tests.support.prometheus import PROMETHEUS, Prometheus
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "compose"
STACK: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = STACK["services"]
PROMTOOL = shutil.which("promtool")
COMPOSE = next(
    (
        command
        for command in (["docker", "compose"], ["docker-compose"])
        if shutil.which(command[0])
        and subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0
    ),
    None,
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The passwords that `make-secrets` makes, in a copy of its folder."""
    folder = tmp_path_factory.mktemp("compose")
    shutil.copy(FOLDER / "make-secrets", folder)
    subprocess.run([folder / "make-secrets"], check=True, capture_output=True)
    return folder / "secrets"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reaches_no_further_than_it_must(service: str) -> None:
    """Loopback only, nothing to write but its volumes, no privileges, an image of one version."""
    told = SERVICES[service]
    assert all(port.startswith("127.0.0.1:") for port in told.get("ports", ()))
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert re.search(r":(v?\d+\.\d+\.\d+|local)$", told["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_mounts_exists_and_is_declared(service: str) -> None:
    """Files are in this repository and are mounted to be read; everything else is a volume."""
    for mount in SERVICES[service].get("volumes", ()):
        source, target, *mode = mount.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (FOLDER / source).resolve().exists(), mount
            assert mode == ["ro"], mount
        else:
            assert source in STACK["volumes"]
    for secret in SERVICES[service].get("secrets", ()):
        assert secret in STACK["secrets"]


def test_what_is_declared_is_used() -> None:
    """No volume and no secret for nobody."""
    mounts = [mount.split(":")[0] for told in SERVICES.values() for mount in told.get("volumes", ())]
    used = {secret for told in SERVICES.values() for secret in told.get("secrets", ())}
    assert set(STACK["volumes"]) <= set(mounts)
    assert set(STACK["secrets"]) == used


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_tells_how_it_is(service: str) -> None:
    """By a check of its own, or by that of our image."""
    if "healthcheck" not in SERVICES[service]:
        assert SERVICES[service]["image"] == "offbeat:local"
        assert "\nHEALTHCHECK " in (ROOT / "deploy" / "Dockerfile").read_text()


def test_the_passwords_are_random_files_of_a_folder_that_is_ones_own(secrets: Path) -> None:
    """Made once: a second call leaves them as they are."""
    names = {Path(told["file"]).name for told in STACK["secrets"].values()}
    assert {path.name for path in secrets.iterdir()} == names
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    passwords = {path.name: path.read_text() for path in secrets.iterdir()}
    assert len(set(passwords.values())) == len(names)
    assert all(len(password.strip()) == 24 for password in passwords.values())
    again = subprocess.run([secrets.parent / "make-secrets"], check=True, capture_output=True, text=True)
    assert again.stdout == ""
    assert {path.name: path.read_text() for path in secrets.iterdir()} == passwords


def test_no_password_is_committed_or_gets_into_an_image() -> None:
    """The folder of secrets is ignored by both."""
    assert "/deploy/compose/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/compose/secrets" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_configuration_has_nothing_wrong_with_it(secrets: Path) -> None:
    """With the secrets where compose puts them; in the network between its containers there is no TLS."""
    settings, report = examine(FOLDER / "offbeat.toml", {"CREDENTIALS_DIRECTORY": str(secrets)})
    assert report.ok
    assert [found.message for found in report.warnings] == ["the password crosses the network in the clear"]
    assert settings is not None
    assert settings.mqtt.password_file == secrets / "mqtt-password"


def test_its_prometheus_differs_from_the_example_only_in_names_and_password() -> None:
    """What one of them learns the other must not miss."""
    ours = (FOLDER / "prometheus.yml").read_text()
    ours = re.sub(r" {4}authorization: .*\n", "", ours)
    ours = re.sub(r"(offbeat|alertmanager):(?=\d)", "localhost:", ours)
    example = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    assert yaml.safe_load(ours) == yaml.safe_load(example)
    sources = (
        (FOLDER / "grafana" / "datasources.yml")
        .read_text()
        .replace("http://prometheus:", "http://localhost:")
    )
    plain = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "offbeat.yml"
    assert yaml.safe_load(sources) == yaml.safe_load(plain.read_text())


def test_dashboards_are_where_their_provider_looks() -> None:
    """Under the path that the provisioning names, the home dashboard among them."""
    mounts = dict(mount.split(":")[1::-1] for mount in SERVICES["grafana"]["volumes"])
    provider = yaml.safe_load(
        (FOLDER / mounts["/etc/grafana/provisioning/dashboards/offbeat.yml"]).read_text()
    )
    path = provider["providers"][0]["options"]["path"]
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(path)
    assert (FOLDER / mounts[path] / home.name).exists()


@pytest.mark.prometheus
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt-get install prometheus")
def test_prometheus_accepts_its_files(secrets: Path, tmp_path: Path) -> None:
    """The rules beside them, as they are mounted."""
    assert PROMTOOL is not None
    text = (FOLDER / "prometheus.yml").read_text().replace("/run/secrets", str(secrets))
    (tmp_path / "prometheus.yml").write_text(text)
    for name in ("offbeat.rules.yml", "offbeat.alerts.yml"):
        shutil.copy(ROOT / "deploy" / "prometheus" / name, tmp_path)
    done = subprocess.run(
        [PROMTOOL, "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.container
@pytest.mark.skipif(COMPOSE is None, reason="there is no docker compose: apt-get install docker-compose")
def test_compose_accepts_the_stack(tmp_path: Path) -> None:
    """Also with the simulated sensors."""
    assert COMPOSE is not None
    # Older ones know no name of a project in the file.
    text = (FOLDER / "compose.yaml").read_text().replace("\nname: offbeat\n", "\n")
    (tmp_path / "compose.yaml").write_text(text)
    done = subprocess.run(
        [*COMPOSE, "--file", "compose.yaml", "config", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def broker_port(secrets: Path, tmp_path: Path) -> Iterator[int]:
    """A real mosquitto, started by the stack's own script with the stack's own files, moved to this test's folder."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    port = free_port()
    places = {
        "/run/secrets": str(secrets),
        "/mosquitto/config": str(tmp_path / "config"),
        "/mosquitto/data": str(tmp_path / "data"),
        "/tmp/passwords": str(tmp_path / "passwords"),
        "listener 1883": f"user root\nlistener {port} 127.0.0.1",
    }
    (tmp_path / "data").mkdir()
    (tmp_path / "config").mkdir()
    for file in (FOLDER / "mosquitto").iterdir():
        text = file.read_text()
        for there, here in places.items():
            text = text.replace(there, here)
        (tmp_path / "config" / file.name).write_text(text)
    path = f"{Path(MOSQUITTO).parent}:{os.environ['PATH']}"
    with (tmp_path / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", str(tmp_path / "config" / "start.sh")],
            stdout=log,
            stderr=log,
            env=os.environ | {"PATH": path},
        )
    try:
        wait_until(lambda: owns_port(process.pid, port), 20, "mosquitto to listen")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def connected(port: int, user: str, password: str) -> str:
    """Return what the broker answers to a log-in."""
    said: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: said.append(str(reason))
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(lambda: said, 10, "an answer")
    client.disconnect()
    client.loop_stop()
    return said[0]


@pytest.mark.broker
def test_offbeat_hears_the_sensors_through_the_broker_of_the_stack(
    broker_port: int, secrets: Path, tmp_path: Path
) -> None:
    """Each by its own name and password; the page asks for the third."""
    password = (secrets / "sensors-password").read_text().strip()
    assert connected(broker_port, "sensors", "wrong") == "Not authorized"
    assert connected(broker_port, "sensors", password) == "Success"
    text = (FOLDER / "offbeat.toml").read_text().split("[metrics]")[0]
    text = text.replace("mqtt://mosquitto:1883", f"mqtt://127.0.0.1:{broker_port}")
    with Daemon(tmp_path / "daemon", text) as daemon:
        protected = daemon.config.read_text() + 'password_file = "http-password"\n'
        daemon.config.write_text(protected)
        daemon.start(CREDENTIALS_DIRECTORY=str(secrets))
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set("sensors", password)
        client.connect("127.0.0.1", broker_port)
        client.loop_start()
        client.publish("plant/hall/pump/state", '{"value": 1.5}', qos=1).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
        assert daemon.get("/metrics")[0] == 401
        bearer = {"Authorization": f"Bearer {(secrets / 'http-password').read_text().strip()}"}
        wait_until(lambda: "hall.pump" in read(daemon.metrics_port, bearer), 20, "the sensor to be known")
        if PROMETHEUS is not None:
            assert scraped(daemon.metrics_port, secrets, tmp_path / "prometheus") == {
                "offbeat",
                "offbeat-sensors",
            }
        assert daemon.terminate()[0] == 0


def scraped(port: int, secrets: Path, folder: Path) -> set[str]:
    """Return the jobs that the Prometheus of the stack scrapes with its password, with the rules beside it."""
    folder.mkdir()
    for name in ("offbeat.rules.yml", "offbeat.alerts.yml"):
        shutil.copy(ROOT / "deploy" / "prometheus" / name, folder)
    config = (FOLDER / "prometheus.yml").read_text().replace("/run/secrets", str(secrets))
    config = re.sub(r"(_interval): \d+s", r"\1: 1s", config).replace("offbeat:9641", f"127.0.0.1:{port}")
    with Prometheus(folder, port, config) as prometheus:

        def up() -> set[str]:
            found = prometheus.ask("query", query="up == 1")["result"]
            return {one["metric"]["job"] for one in found}

        wait_until(lambda: len(up()) == 2, 30, "both jobs to be scraped")
        return up()


def read(port: int, headers: dict[str, str]) -> str:
    """Return the list of sensors, asked with a password."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/sensors", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())
