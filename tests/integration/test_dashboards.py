"""Every panel of every dashboard shows data: a daemon at work, a Prometheus that scrapes it, the panels' queries."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offbeat.observe.dashboards.committed import dashboard_files
from tests.integration.conftest import SENSORS
from tests.integration.test_publish_to_alert import Plant, config
from tests.support.asked_board import AskedBoard, Span
from tests.support.browser import CHROMIUM, Browser
from tests.support.daemon import Daemon
from tests.support.drawn_board import INSTALLED, NODE, WHY_NOT, Drawer, content_of
from tests.support.mosquitto import MOSQUITTO, Broker
from tests.support.prometheus import PROMETHEUS, Prometheus
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    # Before the first of them a model is trained, and a daemon watched for half a minute.
    pytest.mark.timeout(400),
    pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is missing: apt-get install prometheus"),
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: apt-get install mosquitto"),
]

ROWS_BEFORE, ROWS_SHIFTED = 60, 60
BOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboard_files().items()}
QUERIES = [
    pytest.param(board, panel["id"], target["refId"], id=f"{name}:{panel['title']}:{target['refId']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel["targets"]
]


def seen(prometheus: Prometheus, condition: str) -> bool:
    """Whether a condition holds by what was scraped so far."""
    return bool(prometheus.ask("query", query=condition, time=time.time())["result"])


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory, artifact: Path) -> Iterator[Prometheus]:
    """A Prometheus that has watched a daemon while one of its sensors went astray."""
    folder = tmp_path_factory.mktemp("scraped")
    broker = Broker(folder)
    broker.start()
    plant = Plant(broker.port)
    try:
        with Daemon(folder / "daemon", config(broker, artifact)) as daemon:
            daemon.start()
            with Prometheus(folder / "prometheus", daemon.metrics_port) as prometheus:
                # Prometheus takes five seconds to find its targets.
                wait_until(lambda: seen(prometheus, "offbeat_ready"), 20, "the first scrape")
                plant.run(ROWS_BEFORE)
                publish(broker.port, [("plant/a/pump/state", b"broken")] * 3)
                plant.run(ROWS_SHIFTED, offset=30.0)
                wait_until(lambda: daemon.metric("offbeat_episodes_open") > 0, 20, "an episode")
                wait_until(lambda: seen(prometheus, "offbeat_sensor_anomalous == 1"), 20, "its scrape")
                wait_until(lambda: seen(prometheus, "count_over_time(offbeat_ready[1m]) >= 8"), 20, "scrapes")
                yield prometheus
    finally:
        plant.end()
        broker.stop()


def asked(board: dict[str, Any], prometheus: Prometheus, **chosen: str) -> AskedBoard:
    """Return a dashboard over the last minute; of sensors the one that went astray is chosen."""
    now = time.time()
    return AskedBoard(board, prometheus, Span(now - 60, now), {"sensor": SENSORS[0]} | chosen)


def numbers(answer: list[dict[str, Any]]) -> list[float]:
    """Return all values of an answer."""
    points = [point for series in answer for point in series.get("values") or [series["value"]]]
    return [float(value) for _, value in points]


def answered(board: AskedBoard, panel: int, ref: str) -> list[float]:
    """Return the values that one query of a panel is answered with."""
    (target,) = [
        target
        for shown, _ in board.panels()
        for target in shown["targets"]
        if (shown["id"], target["refId"]) == (panel, ref)
    ]
    return numbers(board.answer(target))


@pytest.mark.parametrize(("board", "panel", "ref"), QUERIES)
def test_every_query_of_a_panel_shows_finite_data(
    scraped: Prometheus, board: dict[str, Any], panel: int, ref: str
) -> None:
    """With all jobs and instances chosen, as the dashboard opens, and with one of each."""
    opened = asked(board, scraped)
    one = {name: values[0] for name, values in opened.found.items() if name != "sensor"}
    for chosen in (opened, asked(board, scraped, **one)):
        points = answered(chosen, panel, ref)
        assert points, "no data"
        assert any(math.isfinite(point) for point in points), points


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_variable_has_values_to_choose_from(scraped: Prometheus, board: dict[str, Any]) -> None:
    """A dashboard whose lists are empty shows nothing, and does not say why."""
    found = asked(board, scraped).found
    assert set(found) <= {"job", "instance", "sensor", "channel"}
    assert all(found.values()), found
    if "sensor" in found:
        assert found["sensor"] == sorted(SENSORS)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_annotation_marks_something(scraped: Prometheus, board: dict[str, Any]) -> None:
    """What happened while the daemon was watched: it started, and a sensor went astray."""
    shown = asked(board, scraped)
    for annotation in board["annotations"]["list"]:
        marks = shown.marks(annotation)
        assert marks, annotation["name"]
        assert all("{{" not in mark.title and "  " not in mark.title for mark in marks), marks


def test_the_heat_map_names_sensors_as_examples(scraped: Prometheus) -> None:
    """A point far up leads to the sensor, though no series of the daemon's own metrics names one."""
    board = asked(BOARDS["offbeat-episodes.json"], scraped)
    examples = [
        example
        for panel, _ in board.panels()
        for target in panel["targets"]
        for example in board.exemplars(target)
    ]
    strange = {one["labels"]["sensor"] for one in examples if float(one["value"]) > 1.0}
    assert SENSORS[0] in strange
    assert {one["labels"]["sensor"] for one in examples} <= set(SENSORS)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install chromium")
@pytest.mark.skipif(NODE is None or not INSTALLED, reason=WHY_NOT)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_grafanas_own_components_draw_every_panel(scraped: Prometheus, *, dark: bool) -> None:
    """No panel is empty, fails, or has a title that does not fit."""
    with Browser() as browser, Drawer(browser) as drawer:
        for board in BOARDS.values():
            panels = drawer.draw(content_of(asked(board, scraped)), dark=dark)
            assert len(panels) >= len(board["panels"])
            poor = [one for one in panels if not one["drawn"] or one["empty"] or one["cut"]]
            assert not poor
