"""The image, built from the Dockerfile and run as its documentation says: no root, nothing written but state."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from offbeat import __version__
from tests.support.containers import LACKING, Container, base_image, build, podman, run_once
from tests.support.mosquitto import Broker
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.support.wheels import wheels

pytestmark = [
    pytest.mark.container,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(bool(LACKING), reason=f"no images can be built: {LACKING}"),
]
TAG = "localhost/offbeat-test"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """The image of this tree, made without a network."""
    offline = {
        "BASE": base_image(),
        "PIP_FIND_LINKS": "/wheels",
        "PIP_NO_INDEX": "1",
        "PIP_EXTRA_INDEX_URL": "",
    }
    build(TAG, "deploy/Dockerfile", offline, {wheels(): "/wheels"})
    yield TAG
    podman("image", "rm", "--force", TAG, timeout_seconds=120)


@pytest.fixture
def port() -> int:
    """Of the page."""
    return free_port()


@pytest.fixture
def container(image: str, broker: Broker, port: int, tmp_path: Path) -> Iterator[Container]:
    """A running container that listens to the test's broker."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "offbeat.toml").write_text(
        f'[mqtt]\nurl = "{broker.url}"\n[[source]]\ntopic = "plant/{{sensor}}"\n'
        f'[metrics]\nlisten = "127.0.0.1:{port}"\n'
    )
    tmp_path.chmod(0o755)
    volume = f"offbeat-test-{uuid.uuid4().hex[:8]}"
    started = Container(image, {str(tmp_path / "etc"): "/etc/offbeat:ro", volume: "/var/lib/offbeat"})
    yield started
    started.remove()
    podman("volume", "rm", "--force", volume, check=False)


def asked(port: int, path: str) -> str:
    """Return a page of the daemon, nothing while it does not answer well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def published(broker: Broker, topic: str, payload: str) -> None:
    """Publish a message that the broker acknowledges."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, payload, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_it_listens_as_nobody_keeps_state_and_ends_well(
    container: Container, broker: Broker, port: int
) -> None:
    """From ready to a clean end, with a root file system that nobody may write."""
    wait_until(lambda: asked(port, "/-/ready"), 60, f"the container to be ready:\n{container.log()}")
    published(broker, "plant/pump", "1.5")
    wait_until(lambda: '"pump"' in asked(port, "/api/v1/sensors"), 20, "the sensor to be known")
    podman("healthcheck", "run", container.name)
    assert container.run("id", "--user") == "10001"
    assert "Read-only file system" in podman("exec", container.name, "sh", "-c", "touch /opt/x 2>&1 || true")
    assert container.run("ls", "/var/lib/offbeat/journal")
    assert container.stop() == 0
    assert "stopped" in container.log()


def test_a_bad_configuration_is_told_and_ends_with_78(image: str, tmp_path: Path) -> None:
    """So that whoever restarts containers can tell it from a crash."""
    (tmp_path / "offbeat.toml").write_text('[mqtt]\nurl = "mqtt://localhost"\nusrname = "x"\n')
    container = Container(image, {str(tmp_path / "offbeat.toml"): "/etc/offbeat/offbeat.toml:ro"})
    try:
        wait_until(lambda: container.inspect("{{.State.Status}}") == "exited", 30, "the container to end")
        assert container.inspect("{{.State.ExitCode}}") == "78"
        assert 'did you mean "username"' in container.log()
    finally:
        container.remove()


def test_it_holds_this_version_and_no_tools_of_development(image: str) -> None:
    """Torch in its CPU build, no pip, no tests, and not much more than torch in size."""
    told = json.loads(run_once(image, "offbeat", "version", "--json"))
    assert told["offbeat"] == __version__
    assert told["torch"].endswith("+cpu")
    megabytes = int(podman("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
    assert megabytes < 1200
    missing = run_once(image, "sh", "-c", "ls /opt/offbeat/bin/pip /src 2>&1 || true")
    assert missing.count("No such file") == 2


def test_another_index_for_torch_is_an_argument_of_the_build() -> None:
    """Pip asks there for torch, as it is told to for CUDA; this one has none, so the build ends."""
    asked_for: list[str] = []

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked_for.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever).start()
        root = f"http://127.0.0.1:{server.server_port}"
        indexes = {"PIP_INDEX_URL": f"{root}/simple", "PIP_EXTRA_INDEX_URL": f"{root}/whl/cu126"}
        try:
            build(f"{TAG}-cuda", "deploy/Dockerfile", {"BASE": base_image(), **indexes}, {}, check=False)
        finally:
            server.shutdown()
    assert {"/simple/torch/", "/whl/cu126/torch/"} <= set(asked_for)


def test_the_indexes_for_torch_are_those_of_the_documents() -> None:
    """Without the argument that of the README, for the CPU; with it, that of the how-to."""
    dockerfile = Path("deploy/Dockerfile").read_text()
    [cpu] = re.findall(r"^ARG PIP_EXTRA_INDEX_URL=(\S+)$", dockerfile, re.MULTILINE)
    [cuda] = re.findall(r"--build-arg PIP_EXTRA_INDEX_URL=(\S+)$", dockerfile, re.MULTILINE)
    assert f"--extra-index-url {cpu} " in Path("README.md").read_text()
    assert f"--build-arg PIP_EXTRA_INDEX_URL={cuda}" in Path("docs/how-to/docker.md").read_text()
    assert cpu.rpartition("/")[0] == cuda.rpartition("/")[0]
