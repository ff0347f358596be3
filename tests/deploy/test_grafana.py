"""The dashboards for Grafana that are shipped, by the rules of good dashboards."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE
from offbeat.observe.dashboards.committed import dashboard_files
from offbeat.observe.dashboards.panels import WIDTH, Panel, Query, flow

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
BOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboard_files().items()}
PROCESS_METRICS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}


PANELS = [
    pytest.param(panel, id=f"{name}:{panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]


def test_what_is_committed_is_what_the_code_says() -> None:
    """Made again with `offbeat export grafana --out deploy/grafana/dashboards`."""
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == dashboard_files()


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_dashboard_can_be_moved_to_another_grafana(board: dict[str, Any]) -> None:
    """Its data source and its instances are variables, its uid is stable, nobody edits it in place."""
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names[:3] == ["datasource", "job", "instance"]
    assert re.fullmatch(r"offbeat-[a-z]+", board["uid"])
    assert board["editable"] is False
    for variable in board["templating"]["list"][1:3]:
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
        assert variable["refresh"] == 2, "values are looked up again when the time range changes"


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_panels_do_not_overlap_and_have_numbers_of_their_own(board: dict[str, Any]) -> None:
    """As Grafana would move them about."""
    cells: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & own, panel["title"]
        assert place["x"] + place["w"] <= WIDTH
        cells |= own
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """Title, description, unit, and a data source that can be chosen."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@pytest.mark.parametrize("panel", PANELS)
def test_queries_speak_of_metrics_and_labels_that_there_are(panel: dict[str, Any]) -> None:
    """And hold to the variables of the dashboard."""
    metrics = CATALOGUE | SENSOR_CATALOGUE
    for target in panel["targets"]:
        expr = target["expr"]
        for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", expr):
            base = re.sub(r"_bucket$", "", name)
            assert base in metrics or base in PROCESS_METRICS, name
            assert name == base or metrics[base].kind == "histogram"
            assert {'job=~"$job"', 'instance=~"$instance"'} <= {part.strip() for part in matchers.split(",")}
            own = metrics[base].labels if base in metrics else ()
            assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= {*own, "job", "instance"}, matchers
            kind = (
                metrics[base].kind if base in metrics else "counter" if base.endswith("_total") else "gauge"
            )
            rated = re.search(rf"(rate|increase)\({name}\{{", expr) is not None
            assert rated == (kind != "gauge"), f"{name} is a {kind}: {expr}"


def test_a_row_that_is_too_wide_is_refused() -> None:
    """Grafana would wrap it somewhere."""
    wide = Panel("wide", "A panel.", "none", (Query("up"),), width=20)
    with pytest.raises(ValueError, match="wider than 24 columns"):
        flow([[wide, wide]])
