"""The pages of the daemon: metrics, health, readiness, and the page for people."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from offbeat.observe.assets import asset_pages
from offbeat.observe.http import Page, Response

Reason = Callable[[], str]
"""Why something is not as it should be, in words; empty when it is."""


def build_pages(
    registry: CollectorRegistry, sensors: Page, unready: Reason, unhealthy: Reason
) -> dict[str, Page]:
    """Return the pages by path.

    Args:
        registry: what `/metrics` shows.
        sensors: answers `/metrics/sensors`.
        unready: why the daemon is not ready yet.
        unhealthy: why it should be restarted.
    """
    return {
        **asset_pages(),
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
