"""Rules about [metrics]: the address that is served, and who may read there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from offbeat.config.rules.files import check_file
from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.settings import MetricsSettings

_FILES = ("cert_file", "key_file", "password_file")


def check_metrics(parts: Parts) -> Iterator[Finding]:
    """Yield what is wrong with [metrics]."""
    metrics = parts.metrics
    if metrics is None:
        return
    for option in _FILES:
        path = getattr(metrics, option)
        if path is not None:
            yield from check_file(("metrics", option), path, parts.credentials)
    if metrics.cert_file and not metrics.key_file:
        yield Finding(("metrics", "cert_file"), "a certificate needs its key", 'add key_file = "..."')
    if metrics.key_file and not metrics.cert_file:
        yield Finding(("metrics", "key_file"), "a key needs its certificate", 'add cert_file = "..."')
    if not metrics.listen:
        return
    host, _, port = metrics.listen.rpartition(":")
    if (
        not host
        or not port.isdecimal()
        or not 0 <= int(port) <= 65_535
        or (":" in host and host[0] + host[-1] != "[]")
    ):
        yield Finding(
            ("metrics", "listen"),
            f'cannot listen on "{metrics.listen}"',
            'write an address and a port, such as "127.0.0.1:9641", or "" to serve nothing',
        )
    elif not _is_loopback(host):
        yield from _check_open(metrics)


def _check_open(metrics: MetricsSettings) -> Iterator[Finding]:
    """Yield what is wrong with serving the network."""
    if metrics.password_file is None:
        if not metrics.open_to_all:
            yield Finding(
                ("metrics", "listen"),
                f'everybody who reaches "{metrics.listen}" could read the names and values of all sensors',
                'name a password_file, or listen on "127.0.0.1:9641", or write open_to_all = true if that is meant',
            )
    elif metrics.cert_file is None:
        yield Finding(
            ("metrics", "password_file"),
            "the password crosses the network in the clear",
            "name cert_file and key_file as well, or put a server with TLS before it",
            "warning",
        )


def _is_loopback(host: str) -> bool:
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
