"""Rules about [mqtt]: the address, who we are there, and the files that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from offbeat.config.broker_url import Address, parse_address
from offbeat.config.rules.files import check_file
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError

_FILES = ("password_file", "ca_file", "cert_file", "key_file")
_TLS_OPTIONS = ("ca_file", "cert_file", "key_file", "insecure")


def check_broker(parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with [mqtt]."""
    mqtt = parts.mqtt
    if mqtt is None:
        return
    addresses = {}
    for option, url in (("url", mqtt.url), ("publish_url", mqtt.publish_url)):
        if url is not None:
            try:
                addresses[option] = parse_address(url)
            except ConfigError as error:
                yield Finding(("mqtt", option), str(error))
    for option in _FILES:
        path: Path | None = getattr(mqtt, option)
        if path is not None:
            yield from check_file(("mqtt", option), path, parts.credentials)
    yield from _check_pairs(mqtt)
    yield from _check_tls(mqtt, addresses)
    if mqtt.reconnect_min_seconds > mqtt.reconnect_max_seconds:
        yield Finding(
            ("mqtt", "reconnect_min"),
            "the shortest pause between attempts to connect is longer than reconnect_max",
        )


def _check_pairs(mqtt: MqttSettings) -> Iterator[Finding]:
    if mqtt.cert_file and not mqtt.key_file:
        yield Finding(("mqtt", "cert_file"), "a client certificate needs its key", 'add key_file = "..."')
    if mqtt.key_file and not mqtt.cert_file:
        yield Finding(("mqtt", "key_file"), "a client key needs its certificate", 'add cert_file = "..."')
    if mqtt.password_file and mqtt.username is None:
        yield Finding(
            ("mqtt", "password_file"),
            "a password without a user name, which most brokers refuse",
            'add username = "..."',
            "warning",
        )


def _check_tls(mqtt: MqttSettings, addresses: dict[str, Address]) -> Iterator[Finding]:
    if mqtt.insecure:
        yield Finding(
            ("mqtt", "insecure"),
            "the broker's certificate is not checked: anyone on the way can read and change what is sent",
            "give the certificate's authority as ca_file instead",
            "warning",
        )
    if "url" not in addresses or any(address.tls for address in addresses.values()):
        return
    for option in _TLS_OPTIONS:
        if getattr(mqtt, option):
            yield Finding(
                ("mqtt", option),
                f'"{option}" has no effect: the connection to {addresses["url"]} is not encrypted',
                "write mqtts:// or wss:// in url",
            )
