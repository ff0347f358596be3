"""The pages themselves."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from offbeat.observe.http import Request, Response
from offbeat.observe.metrics import Metrics, new_registry
from offbeat.observe.pages import build_pages


def sensors(_: Request) -> Response:
    """A page of sensors."""
    return Response(b"sensors")


def get(path: str, accept: str = "", unready: str = "", unhealthy: str = "") -> Response:
    """Return a page of a daemon in some condition."""
    registry = CollectorRegistry()
    Metrics(registry).bind("offbeat_ready", lambda: 1.0)
    return build_pages(registry, sensors, lambda: unready, lambda: unhealthy)[path](Request(accept=accept))


def test_readiness_gives_its_reason() -> None:
    """503 with words until all is there, 200 then."""
    assert get("/-/ready", unready="not connected to mqtt://x:1883").status == 503
    assert (
        get("/-/ready", unready="not connected to mqtt://x:1883").body == b"not connected to mqtt://x:1883\n"
    )
    assert get("/-/ready").status == 200


def test_health_is_not_readiness() -> None:
    """A broker that is away is no reason to restart the daemon."""
    assert get("/-/healthy", unready="no broker").status == 200
    assert get("/-/healthy", unhealthy="loop stands still").status == 503


def test_metrics_come_in_the_text_format_and_in_openmetrics() -> None:
    """As the client asks for."""
    plain = get("/metrics")
    assert plain.content_type.startswith("text/plain")
    assert "offbeat_ready" in {family.name for family in parse_text(plain.body.decode())}
    modern = get("/metrics", "application/openmetrics-text; version=1.0.0")
    assert modern.content_type.startswith("application/openmetrics-text")
    assert "offbeat_ready" in {family.name for family in parse_openmetrics(modern.body.decode())}


def test_metrics_of_the_process_are_in_the_registry() -> None:
    """Memory and garbage collection, as every Python service shows them."""
    body = build_pages(new_registry(), sensors, lambda: "", lambda: "")["/metrics"](Request()).body
    assert b"process_cpu_seconds_total" in body
    assert b"python_gc_collections_total" in body


def test_sensors_are_answered_by_their_own_page() -> None:
    """Beside the daemon's metrics, in another job of Prometheus."""
    assert get("/metrics/sensors").body == b"sensors"


def test_the_page_loads_nothing_but_its_own_files() -> None:
    """Each is there, and the policy allows nothing else."""
    page = get("/")
    assert page.content_type.startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    loaded = re.findall(rb'(?:src|href)="(/page/[^"]+)"', page.body)
    assert len(loaded) == 4
    for path in loaded:
        assert get(path.decode()).status == 200
    assert b"<script>" not in page.body
    assert b"style=" not in page.body
