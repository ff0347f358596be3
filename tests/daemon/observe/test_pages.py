"""The pages themselves."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from offbeat.core.ledger import EXPECTED, Drop
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
    assert {path.rpartition(b"/")[2] for path in loaded} == {b"uplot.css", b"app.css", b"uplot.js", b"app.js"}
    for path in loaded:
        assert get(path.decode()).status == 200
    assert b"<script>" not in page.body
    assert b"style=" not in page.body


def test_every_module_of_the_page_is_served() -> None:
    """Also those that modules import."""
    waiting, known = ["app.js"], set()
    while waiting:
        name = waiting.pop()
        known.add(name)
        module = get(f"/page/{name}")
        assert module.content_type.startswith("text/javascript")
        imported = re.findall(r'from "\./([a-z]+\.js)"', module.body.decode())
        waiting += [other for other in imported if other not in known]
    assert {"api.js", "charts.js", "detail.js"} < known


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour of six or three digits, as WCAG defines it."""
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "faint", "calm", "warn", "bad", "curve"])
@pytest.mark.parametrize("ground", ["back", "panel"])
def test_text_stands_out_from_what_is_behind_it(scheme: str, text: str, ground: str) -> None:
    """By 4.5 to 1, as WCAG AA asks of small text, in the light and in the dark."""
    light, dark = re.findall(r":root \{(.*?)\}", get("/page/app.css").body.decode(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z]+): #([0-9a-f]{3,6});", light if scheme == "light" else dark))
    brighter, darker = sorted([luminance(colours[text]), luminance(colours[ground])], reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5


def test_the_page_has_words_for_every_reason_of_a_drop() -> None:
    """And for no other; what was to be expected it is not told of."""
    script = (files("offbeat.observe") / "page" / "drops.js").read_text("utf-8")
    table = script.partition("const WHY = {")[2].partition("};")[0]
    assert set(re.findall(r"^  (\w+):", table, re.MULTILINE)) == set(Drop) - EXPECTED
