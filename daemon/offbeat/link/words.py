"""Why a connection to a broker could not be made, in words that say what to do."""

from __future__ import annotations

import socket
import ssl

from offbeat.config.broker_url import Address
from offbeat.config.settings import MqttSettings

_BAD_PASSWORD, _NOT_AUTHORIZED, _BAD_CLIENT_ID = 0x86, 0x87, 0x85
_CERTIFICATE_WANTED = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE", "UNKNOWN_CA")


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
