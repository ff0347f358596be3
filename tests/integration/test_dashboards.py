"""Every panel of every dashboard shows data: recordings are played to a daemon, a real Prometheus scrapes it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from offbeat.app.demo_scenes import scenes
from offbeat.observe.dashboards.committed import dashboard_files
from tests.support.asked_board import AskedBoard
from tests.support.browser import CHROMIUM, Browser
from tests.support.drawn_board import INSTALLED, NODE, WHY_NOT, Drawer, content_of
from tests.support.mosquitto import MOSQUITTO
from tests.support.prometheus import PROMETHEUS
from tests.support.running_demo import SENSOR
from tests.support.watched_demo import WatchedDemo, watched_demo

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    # Before the first of them a model is trained, and a daemon watched for half a minute.
    pytest.mark.timeout(400),
    pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is missing: apt-get install prometheus"),
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: apt-get install mosquitto"),
]

SPEED, TRAIN_SECONDS = 4.0, 4.0
"""Of the demo, so that all of it is over in half a minute; what is played is the same."""
BOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboard_files().items()}
SENSORS = sorted(scene.sensor for scene in scenes())
QUERIES = [
    pytest.param(board, panel["id"], target["refId"], id=f"{name}:{panel['title']}:{target['refId']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel["targets"]
]


@pytest.fixture(scope="module")
def watched() -> Iterator[WatchedDemo]:
    """A Prometheus that watched a daemon while the demo's recordings of real sensors were played to it."""
    with watched_demo(speed=SPEED, train_seconds=TRAIN_SECONDS) as demo:
        yield demo


def asked(board: dict[str, Any], watched: WatchedDemo, **chosen: str) -> AskedBoard:
    """Return a dashboard over the whole of the show; of sensors the one that fails is chosen."""
    return AskedBoard(board, watched.prometheus, watched.span, {"sensor": SENSOR} | chosen)


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
    watched: WatchedDemo, board: dict[str, Any], panel: int, ref: str
) -> None:
    """With all jobs and instances chosen, as the dashboard opens, and with one of each."""
    opened = asked(board, watched)
    one = {name: values[0] for name, values in opened.found.items() if name != "sensor"}
    for chosen in (opened, asked(board, watched, **one)):
        points = answered(chosen, panel, ref)
        assert points, "no data"
        assert all(math.isfinite(point) for point in points), points


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_variable_has_values_to_choose_from(watched: WatchedDemo, board: dict[str, Any]) -> None:
    """A dashboard whose lists are empty shows nothing, and does not say why."""
    found = asked(board, watched).found
    assert set(found) <= {"job", "instance", "sensor", "channel"}
    assert all(found.values()), found
    if "sensor" in found:
        assert found["sensor"] == SENSORS


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_annotation_marks_something(watched: WatchedDemo, board: dict[str, Any]) -> None:
    """What happened while the daemon was watched: it started, and a sensor went astray."""
    shown = asked(board, watched)
    for annotation in board["annotations"]["list"]:
        marks = shown.marks(annotation)
        assert marks, annotation["name"]
        assert all("{{" not in mark.title and "  " not in mark.title for mark in marks), marks


def test_the_heat_map_names_sensors_as_examples(watched: WatchedDemo) -> None:
    """A point far up leads to the sensor, though no series of the daemon's own metrics names one."""
    board = asked(BOARDS["offbeat-episodes.json"], watched)
    examples = [
        example
        for panel, _ in board.panels()
        for target in panel["targets"]
        for example in board.exemplars(target)
    ]
    strange = {one["labels"]["sensor"] for one in examples if float(one["value"]) > 1.0}
    assert SENSOR in strange
    assert {one["labels"]["sensor"] for one in examples} <= set(SENSORS)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install chromium")
@pytest.mark.skipif(NODE is None or not INSTALLED, reason=WHY_NOT)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_grafanas_own_components_draw_every_panel(watched: WatchedDemo, *, dark: bool) -> None:
    """No panel is empty, fails, or has a title that does not fit."""
    with Browser() as browser, Drawer(browser) as drawer:
        for board in BOARDS.values():
            panels = drawer.draw(content_of(asked(board, watched)), dark=dark)
            assert len(panels) >= len(board["panels"])
            poor = [one for one in panels if not one["drawn"] or one["empty"] or one["cut"]]
            assert not poor
