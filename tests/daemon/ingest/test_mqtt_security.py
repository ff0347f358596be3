"""Passwords, TLS and websockets against a real broker; each refusal comes with what to do about it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from offbeat.errors import ConfigError
from tests.support.certificates import Certificates, make_certificates
from tests.support.listening import Listen
from tests.support.mosquitto import Broker, BrokerFactory, add_password
from tests.support.ports import free_port
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for all tests of this file."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def tls_lines(certificates: Certificates) -> str:
    """Return the options of a listener with TLS."""
    return (
        f"cafile {certificates.authority}\ncertfile {certificates.server}\nkeyfile {certificates.server_key}"
    )


def let_in(folder: Path) -> str:
    """Return options that let in user "daemon" with password "s3cret " (with a blank behind it)."""
    return f"password_file {add_password(folder, 'daemon', 's3cret ')}"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_said_and_a_corrected_file_is_read_again(
    start_broker: BrokerFactory, listener: Listen, tmp_path: Path, protocol: str
) -> None:
    """The reason names the user and the option; the daemon gets in as soon as the file is right."""
    broker = start_broker(let_in(tmp_path), anonymous=False)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    heard = listener(broker.url, username="daemon", password_file=secret, protocol=protocol).start()
    status = heard.wait_for("refused")
    assert 'refuses user "daemon"' in status.reason
    assert "mqtt.password_file" in status.reason
    assert not status.connected
    secret.write_text("s3cret \n")
    heard.wait_for("subscribed")


def test_a_broker_that_wants_a_password_says_so_to_those_without(
    start_broker: BrokerFactory, listener: Listen, tmp_path: Path
) -> None:
    """The reason names the options to set."""
    broker = start_broker(let_in(tmp_path), anonymous=False)
    reason = listener(broker.url).start().wait_for("refused").reason
    assert "lets nobody in without a password" in reason
    assert "set mqtt.username and mqtt.password_file" in reason


def test_a_password_file_that_is_not_there_stops_the_start(listener: Listen, tmp_path: Path) -> None:
    """What cannot mend itself is an error of the configuration."""
    with pytest.raises(ConfigError, match=r"mqtt\.password_file cannot be read"):
        listener("mqtt://127.0.0.1", username="daemon", password_file=tmp_path / "none")


def test_readings_come_over_tls(
    start_broker: BrokerFactory, listener: Listen, certificates: Certificates
) -> None:
    """With the authority's certificate the connection is trusted, and large and small messages pass."""
    plain = free_port()
    broker = start_broker(f"listener {plain} 127.0.0.1", tls_lines(certificates))
    heard = listener(f"mqtts://localhost:{broker.port}", ca_file=certificates.authority).listen()
    sent = [("t/a", b"x" * size) for size in (0, 1, 20_000, 90_000)] + [("t/b", b"1")] * 2000
    publish(plain, sent)
    assert [(t, p) for t, p, _ in heard.wait_for_count(len(sent))] == sent


def test_a_certificate_of_a_stranger_is_refused_and_said(
    start_broker: BrokerFactory, listener: Listen, certificates: Certificates
) -> None:
    """The reason names the option for the right authority."""
    broker = start_broker("", tls_lines(certificates))
    heard = listener(f"mqtts://localhost:{broker.port}", ca_file=certificates.stranger).start()
    wait_until(lambda: "is not trusted" in heard.source.status.reason, what="the reason")
    assert "mqtt.ca_file" in heard.source.status.reason


def test_a_certificate_for_another_host_is_refused_unless_that_is_wanted(
    start_broker: BrokerFactory, listener: Listen, certificates: Certificates
) -> None:
    """127.0.0.2 is not in the certificate: refused, but let through when it is called insecure."""
    port = free_port()
    start_broker(f"listener {port} 127.0.0.2\n{tls_lines(certificates)}")
    url = f"mqtts://127.0.0.2:{port}"
    heard = listener(url, ca_file=certificates.authority).start()
    wait_until(lambda: "is not trusted" in heard.source.status.reason, what="the reason")
    heard.stop()
    listener(url, insecure=True).listen()


def test_a_broker_that_wants_our_certificate_gets_it(
    start_broker: BrokerFactory, listener: Listen, certificates: Certificates
) -> None:
    """Without it the reason names the options; with it readings come."""
    broker = start_broker("", tls_lines(certificates) + "\nrequire_certificate true")
    url = f"mqtts://localhost:{broker.port}"
    without = listener(url, ca_file=certificates.authority).start()
    wait_until(lambda: "mqtt.cert_file" in without.source.status.reason, what="the reason")
    without.stop()
    listener(
        url,
        ca_file=certificates.authority,
        cert_file=certificates.client,
        key_file=certificates.client_key,
    ).listen()


def test_tls_to_a_port_without_it_is_said(broker: Broker, listener: Listen) -> None:
    """The reason asks whether it is a TLS port."""
    heard = listener(f"mqtts://127.0.0.1:{broker.port}", insecure=True).start()
    wait_until(lambda: "is it a TLS port" in heard.source.status.reason, 20.0, what="the reason")


def test_a_plain_connection_to_a_tls_port_is_said(
    start_broker: BrokerFactory, listener: Listen, certificates: Certificates
) -> None:
    """The reason asks whether the port wants TLS."""
    broker = start_broker("", tls_lines(certificates))
    heard = listener(broker.url).start()
    wait_until(lambda: "does it want TLS" in heard.source.status.reason, what="the reason")


def test_readings_come_over_websockets(start_broker: BrokerFactory, listener: Listen) -> None:
    """The same messages pass through a websocket, many in one read and large ones in many."""
    plain = free_port()
    try:
        broker = start_broker(f"listener {plain} 127.0.0.1", "protocol websockets")
    except AssertionError as error:
        if "websockets" not in str(error):
            raise
        pytest.skip("this mosquitto cannot open a websockets listener here")
    heard = listener(f"ws://127.0.0.1:{broker.port}/mqtt").listen()
    sent = [("t/a", b"x" * size) for size in (0, 1, 20_000, 90_000)] + [("t/b", b"1")] * 500
    publish(plain, sent)
    assert [(t, p) for t, p, _ in heard.wait_for_count(len(sent))] == sent


def test_an_unknown_host_is_said(listener: Listen) -> None:
    """The reason says that the name is not known."""
    heard = listener("mqtt://no-such-host.invalid").start()
    wait_until(lambda: "is not known here" in heard.source.status.reason, what=f"{heard.source.status}")


def test_a_port_that_nobody_listens_on_is_said(listener: Listen) -> None:
    """The reason asks for the broker and the port."""
    heard = listener(f"mqtt://127.0.0.1:{free_port()}").start()
    wait_until(lambda: "nothing listens" in heard.source.status.reason, what=f"{heard.source.status}")
    assert heard.stop()
    assert heard.source.status.state == "stopped"


def test_a_port_of_something_else_is_said(listener: Listen) -> None:
    """A server that hangs up without an answer is probably no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = listener(f"mqtt://127.0.0.1:{server.getsockname()[1]}").start()

        def hang_up() -> bool:
            connection, _ = server.accept()
            connection.recv(10)
            connection.close()
            return "without an answer" in heard.source.status.reason

        wait_until(hang_up, what="the reason")


def test_the_client_id_is_the_same_after_a_restart(broker: Broker, listener: Listen) -> None:
    """Without a setting it is made of the host's name, so that the broker knows the daemon again."""
    ids = {listener(broker.url, client_id=None).source.client_id for _ in range(2)}
    assert len(ids) == 1
    assert ids.pop().startswith("offbeat-")
