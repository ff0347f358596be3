"""How the connection to the broker is, and why, in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Literal

from offbeat.config.broker_url import Address
from offbeat.config.settings import MqttSettings

LinkState = Literal["connecting", "connected", "subscribed", "refused", "disconnected", "stopped"]

_BAD_PASSWORD, _NOT_AUTHORIZED, _BAD_CLIENT_ID = 0x86, 0x87, 0x85
_CERTIFICATE_WANTED = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA")


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the connection is.

    Attributes:
        state: "subscribed" when readings can come; "refused" when the broker said no to the connection or
            to a subscription.
        connected: whether the broker accepted the connection, which stands.
        reason: what is wrong and what to do; empty when nothing is.
        session_present: whether the broker kept what was missed during an absence.
        protocol: "5" or "3.1.1": what is spoken or was tried last.
        refused_topics: filters that the broker does not let us read.
    """

    state: LinkState
    connected: bool = False
    reason: str = ""
    session_present: bool = False
    protocol: str = ""
    refused_topics: tuple[str, ...] = ()


def say_unreachable(error: OSError, address: Address) -> str:
    """Return why a connection could not be opened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {address} is not trusted ({error.verify_message}): give the certificate of "
            "the authority that signed it as mqtt.ca_file, and the host name that is in it in mqtt.url"
        )
    if isinstance(error, ssl.SSLError):
        return _say_tls(error, address)
    if isinstance(error, socket.gaierror):
        return f'the host name "{address.host}" is not known here: check mqtt.url and the name service'
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {address}: is the broker running, and is the port in mqtt.url right?"
    if isinstance(error, TimeoutError):
        tls = ", and does the port speak TLS" if address.tls else ""
        return f"{address} does not answer: is the host up, does a firewall let us through{tls}?"
    if address.tls and isinstance(error, ConnectionError):
        return _say_no_tls(error.strerror or str(error), address)
    return f"{address} cannot be reached: {error.strerror or error}"


def say_refused(code: int, name: str, address: Address, settings: MqttSettings) -> str:
    """Return why the broker refused the connection."""
    if code in (_BAD_PASSWORD, _NOT_AUTHORIZED):
        if settings.username is None:
            return (
                f"the broker at {address} lets nobody in without a password ({name}): "
                "set mqtt.username and mqtt.password_file"
            )
        return (
            f'the broker at {address} refuses user "{settings.username}" ({name}): check mqtt.username and '
            "the content of mqtt.password_file"
        )
    if code == _BAD_CLIENT_ID:
        return f"the broker at {address} does not take the client id ({name}): set another mqtt.client_id"
    return f"the broker at {address} refuses the connection: {name}"


def say_topics_refused(topics: tuple[str, ...]) -> str:
    """Return that subscriptions were refused."""
    names = ", ".join(f'"{topic}"' for topic in topics)
    return (
        f"the broker does not let us read {names}: allow it in the broker's access rules, or take the source "
        "out of the configuration"
    )


def say_taken_over(client_id: str) -> str:
    """Return that connections end one after the other."""
    return (
        f'the connection was ended again and again: another client probably uses the id "{client_id}". Is a '
        "second daemon running? Give each its own mqtt.client_id"
    )


def say_closed_silently(error: OSError | None, address: Address) -> str:
    """Return that the broker closed the connection before it answered."""
    if isinstance(error, ssl.SSLError):
        return _say_tls(error, address)
    return (
        f"{address} closed the connection without an answer: is it an MQTT port, and does it want TLS "
        "(mqtts://) or a websocket (ws://)?"
    )


def _say_tls(error: ssl.SSLError, address: Address) -> str:
    detail = error.reason or str(error)
    if any(part in detail for part in _CERTIFICATE_WANTED):
        return (
            f"the broker at {address} wants a certificate of ours that it trusts ({detail}): set "
            "mqtt.cert_file and mqtt.key_file"
        )
    return _say_no_tls(detail, address)


def _say_no_tls(detail: str, address: Address) -> str:
    plain = "ws" if address.path else "mqtt"
    return f"TLS with {address} failed ({detail}): is it a TLS port? Without TLS the address is {plain}://"
