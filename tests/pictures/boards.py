"""The dashboards for Grafana, drawn with its components from what a real Prometheus saw of the demo."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from offbeat.observe.dashboards.committed import dashboard_files
from tests.pictures.page import IMAGES
from tests.support.asked_board import AskedBoard, Json, Span
from tests.support.browser import Browser
from tests.support.drawn_board import INSTALLED, WHY_NOT, Drawer, content_of
from tests.support.prometheus import PROMETHEUS
from tests.support.running_demo import SENSOR
from tests.support.watched_demo import watched_demo

DARK = {"offbeat-sensor.json"}
"""Drawn by Grafana's dark theme, the others by the light one, so that both are seen."""
WIDTH = 1400
LABEL_SECONDS, CUT_SECONDS = (10.0, 15.0), 4.0
"""From one label of a panel's time axis to the next, and what of half a label goes beyond the edge."""


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
    with watched_demo() as watched:
        span = _ended_between_labels(watched.span)
        return {
            name: content_of(AskedBoard(json.loads(text), watched.prometheus, span, {"sensor": SENSOR}))
            for name, text in dashboard_files().items()
        }


def _ended_between_labels(span: Span) -> Span:
    """Return the span, ended some seconds early where its edge would cut through a label of a time axis."""
    end = span.end
    while min(end % every for every in LABEL_SECONDS) < CUT_SECONDS:
        end -= 1.0
    return replace(span, end=end)
