"""The dashboards for Grafana, drawn with its components from what a real Prometheus saw of the demo."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from offbeat.app.demo import SETTLE_SECONDS
from offbeat.observe.dashboards.committed import dashboard_files
from tests.pictures.page import IMAGES
from tests.pictures.running_demo import PATIENCE_SECONDS, SENSOR, running_demo
from tests.support.asked_board import AskedBoard, Json, Span
from tests.support.browser import Browser
from tests.support.drawn_board import INSTALLED, WHY_NOT, Drawer, content_of
from tests.support.prometheus import PROMETHEUS, Prometheus

DARK = {"offbeat-sensor.json"}
"""Drawn by Grafana's dark theme, the others by the light one, so that both are seen."""
WIDTH = 1400


def of_dashboards(browser: Browser) -> None:
    """Take a picture of each dashboard over the whole of the demo's show."""
    if PROMETHEUS is None or not INSTALLED:
        why = WHY_NOT if PROMETHEUS else "Prometheus is missing: apt-get install prometheus"
        print(f"no pictures of the dashboards: {why}", file=sys.stderr)
        return
    contents = _contents()
    with Drawer(browser) as drawer:
        for name, content in contents.items():
            drawer.draw(content, dark=name in DARK, width=WIDTH)
            browser.picture(IMAGES / f"dashboard-{name.removeprefix('offbeat-').removesuffix('.json')}.png")


def _contents() -> dict[str, Json]:
    """Return each dashboard with its answers, by its file name."""
    with running_demo() as demo, tempfile.TemporaryDirectory() as folder:
        assert demo.shown.wait(PATIENCE_SECONDS), "the demo did not begin"
        with Prometheus(Path(folder), int(demo.listen.rsplit(":", 1)[1])) as prometheus:
            assert demo.over.wait(PATIENCE_SECONDS), "the demo did not end"
            span = _watched(prometheus)
            return {
                name: content_of(AskedBoard(json.loads(text), prometheus, span, {"sensor": SENSOR}))
                for name, text in dashboard_files().items()
            }


def _watched(prometheus: Prometheus) -> Span:
    """Return the time from the first scrape until the last readings were played."""
    answer = prometheus.ask("query", query="offbeat_ready[10m]", time=time.time())
    times = [float(at) for series in answer["result"] for at, ready in series["values"] if float(ready)]
    return Span(min(times), max(times) - SETTLE_SECONDS - 1.0)
