"""The pages themselves."""

from __future__ import annotations

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
    return build_pages(registry, sensors, "1.2.3", lambda: unready, lambda: unhealthy)[path](
        Request(accept=accept)
    )


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
    body = build_pages(new_registry(), sensors, "1", lambda: "", lambda: "")["/metrics"](Request()).body
    assert b"process_cpu_seconds_total" in body
    assert b"python_gc_collections_total" in body


def test_the_landing_page_lists_the_others() -> None:
    """And escapes what it is told."""
    page = get("/", unready="<script>")
    assert page.content_type.startswith("text/html")
    assert get("/metrics/sensors").body == b"sensors"
    for path in (b"/metrics", b"/metrics/sensors", b"/-/healthy", b"/-/ready", b"1.2.3"):
        assert path in page.body
    assert b"<script>" not in page.body
