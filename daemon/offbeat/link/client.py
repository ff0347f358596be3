"""paho clients built from the settings: address, credentials, TLS, protocol version."""

from __future__ import annotations

import os
import re
import socket
import ssl
from pathlib import Path
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from offbeat.config.broker_url import Address
from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError

ClientT = TypeVar("ClientT", bound=mqtt.Client)


def default_client_id() -> str:
    """Return the id of a daemon that was given none: the same after every restart of this host."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()) or "host"
    return f"offbeat-{host}"[:60]


def build_client(
    kind: type[ClientT],
    settings: MqttSettings,
    address: Address,
    client_id: str,
    version: MQTTProtocolVersion,
    *,
    persistent: bool = False,
) -> ClientT:
    """Return a client that is ready to connect with `connect`.

    It does not reconnect by itself: whoever drives it builds a new one, which forgets half-sent packets and
    may speak another protocol version.

    Args:
        kind: `paho.mqtt.client.Client` or a class derived from it.
        settings: credentials and TLS files.
        address: the broker; decides on TLS and websockets.
        client_id: must be unique at the broker.
        version: 5 or 3.1.1.
        persistent: whether the broker keeps the session over a lost connection.

    Raises:
        ConfigError: a file named in the settings cannot be used.
    """
    client = kind(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=version,
        transport=address.transport,
        clean_session=None if version is MQTTProtocolVersion.MQTTv5 else not persistent,
        reconnect_on_failure=False,
    )
    if address.path:
        client.ws_set_options(path=address.path)
    if settings.username is not None:
        client.username_pw_set(settings.username, _password(settings.password_file))
    if address.tls:
        client.tls_set_context(tls_context(settings))
        client.tls_insecure_set(settings.insecure)
    return client


def connect(
    client: mqtt.Client,
    settings: MqttSettings,
    address: Address,
    *,
    persistent: bool = False,
    receive_maximum: int | None = None,
) -> None:
    """Open the connection of a client from `build_client` and send its CONNECT; blocks for seconds at most.

    What is written later goes out at once: an alert does not wait for the broker to say that it has what came before.

    Raises:
        OSError: the broker cannot be reached, or TLS failed (`ssl.SSLError` says why).
    """
    keepalive = max(1, round(settings.keepalive_seconds))
    if client.protocol is MQTTProtocolVersion.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if persistent:
            properties.SessionExpiryInterval = min(0xFFFFFFFF, round(settings.session_expiry_seconds))
        if receive_maximum is not None:
            properties.ReceiveMaximum = receive_maximum
        client.connect(
            address.host, address.port, keepalive, clean_start=not persistent, properties=properties
        )
    else:
        client.connect(address.host, address.port, keepalive)
    _send_at_once(client)


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """Return a verifying context of TLS 1.2 or newer with the certificates of the settings.

    Raises:
        ConfigError: a certificate or key cannot be read.
    """
    named = (settings.ca_file, settings.cert_file, settings.key_file)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in named if path is not None)
        raise ConfigError(
            f"the TLS files of [mqtt] cannot be used: {error} (files: {files}); expected PEM files that the "
            "daemon may read, and a key that belongs to the certificate"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _ClosingSocket
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _send_at_once(client: mqtt.Client) -> None:
    """Switch off Nagle's algorithm (RFC 896), which holds small packets back for up to 40 ms."""
    if (connected := client.socket()) is not None:
        # A second handle on the same connection, because paho's wrapper of a websocket has no options.
        with socket.socket(fileno=os.dup(connected.fileno())) as handle:
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _ClosingSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho forgets it then, open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        # One newline only: it is the editor's, further ones may belong to the password.
        return path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the password in mqtt.password_file cannot be read: {error}; expected a UTF-8 text file that "
            "the daemon may read, such as one passed by LoadCredential="
        ) from error
