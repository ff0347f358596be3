"""Broker addresses: "mqtts://host:8883" read into what a client needs."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from offbeat.config.guess import nearest
from offbeat.errors import ConfigError

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
DEFAULT_WEBSOCKET_PATH = "/mqtt"
_OTHER_NAMES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts", "http": "ws", "https": "wss"}
_HINT = "expected something like mqtt://host:1883, mqtts://host:8883 or wss://host/mqtt"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens, and how to speak with it there.

    Attributes:
        tls: True for mqtts and wss.
        transport: what paho calls it.
        path: of the websocket; empty for plain TCP.
    """

    host: str
    port: int
    tls: bool
    transport: Literal["tcp", "websockets"]
    path: str = ""

    @property
    def is_this_machine(self) -> bool:
        """Whether the broker is on the machine that asks, by its name or by an address that cannot be another's."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        """Return the address as a person writes it."""
        scheme = ("wss" if self.tls else "ws") if self.path else ("mqtts" if self.tls else "mqtt")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self.path}"


def parse_address(url: str) -> Address:
    """Return the address that a URL names.

    Raises:
        ConfigError: the URL is not one of a broker; the message says how one looks.
    """
    parts = _split(url)
    if "@" in parts.netloc:
        raise ConfigError(
            "the broker address holds a user name or password: give them as mqtt.username and "
            "mqtt.password_file, so that they are never logged"
        )
    if parts.scheme not in DEFAULT_PORTS:
        raise ConfigError(_wrong_scheme(url, parts.scheme))
    host, port = _host_and_port(url, parts)
    websocket = parts.scheme in ("ws", "wss")
    if parts.query or parts.fragment or (parts.path not in ("", "/") and not websocket):
        raise ConfigError(
            f'the broker address "{url}" has more than a host and a port, and only ws:// and wss:// '
            f"can have a path: {_HINT}"
        )
    path = (parts.path if parts.path not in ("", "/") else DEFAULT_WEBSOCKET_PATH) if websocket else ""
    return Address(host, port, parts.scheme in ("mqtts", "wss"), "websockets" if websocket else "tcp", path)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise ConfigError(f'the broker address "{url}" cannot be read ({error}): {_HINT}') from None


def _wrong_scheme(url: str, scheme: str) -> str:
    if "://" not in url:
        return f'the broker address "{url}" does not say how to speak with it: write "mqtt://{url}"'
    meant = _OTHER_NAMES.get(scheme) or nearest(scheme, DEFAULT_PORTS)
    guess = f' (did you mean "{meant}://"?)' if meant else ""
    return f'the broker address "{url}" begins with "{scheme}://"{guess}: {_HINT}'


def _host_and_port(url: str, parts: SplitResult) -> tuple[str, int]:
    try:
        host, port = parts.hostname or "", parts.port
        # What getaddrinfo would raise later, in a thread: an empty or over-long label is no OSError.
        host.encode("idna")
    except (ValueError, UnicodeError) as error:
        raise ConfigError(f'the broker address "{url}" cannot be read ({error}): {_HINT}') from None
    if not host:
        raise ConfigError(f'the broker address "{url}" names no host: {_HINT}')
    return host, DEFAULT_PORTS[parts.scheme] if port is None else port
