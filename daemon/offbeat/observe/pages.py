"""The pages of the daemon: metrics, health, readiness, and a landing page that lists them."""

from __future__ import annotations

import html
from collections.abc import Callable
from http import HTTPStatus

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from offbeat.observe.http import Page, Response

Reason = Callable[[], str]
"""Why something is not as it should be, in words; empty when it is."""

_DESCRIPTIONS = {
    "/metrics": "metrics of the daemon, for Prometheus",
    "/metrics/sensors": "metrics of each sensor, for Prometheus",
    "/-/healthy": "200 while every stage moves",
    "/-/ready": "200 when readings are taken in and judged",
}
_LANDING = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Offbeat</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 3em auto; max-width: 40em; padding: 0 1em }}</style></head>
<body><h1>Offbeat {version}</h1><p>{state}</p><ul>
{links}
</ul></body></html>
"""


def build_pages(
    registry: CollectorRegistry, sensors: Page, version: str, unready: Reason, unhealthy: Reason
) -> dict[str, Page]:
    """Return the pages by path.

    Args:
        registry: what `/metrics` shows.
        sensors: answers `/metrics/sensors`.
        version: of the daemon.
        unready: why the daemon is not ready yet.
        unhealthy: why it should be restarted.
    """
    return {
        "/": lambda _: _landing(version, unready()),
        "/metrics": lambda request: _metrics(registry, request.accept),
        "/metrics/sensors": sensors,
        "/-/healthy": lambda _: _verdict(unhealthy()),
        "/-/ready": lambda _: _verdict(unready()),
    }


def _metrics(registry: CollectorRegistry, accept: str) -> Response:
    encode, content_type = choose_encoder(accept)
    return Response(encode(registry), content_type, headers={"Vary": "Accept"})


def _verdict(reason: str) -> Response:
    if reason:
        return Response(f"{reason}\n".encode("utf-8", "replace"), status=HTTPStatus.SERVICE_UNAVAILABLE)
    return Response(b"ok\n")


def _landing(version: str, unready: str) -> Response:
    links = "\n".join(
        f'<li><a href="{path}">{path}</a> {html.escape(text)}</li>' for path, text in _DESCRIPTIONS.items()
    )
    state = f"Not ready: {html.escape(unready)}." if unready else "Ready."
    text = _LANDING.format(version=html.escape(version), state=state, links=links)
    return Response(text.encode("utf-8", "replace"), "text/html; charset=utf-8")
