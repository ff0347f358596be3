"""The dashboards for Grafana that are shipped, by the rules of good dashboards."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from offbeat.observe.catalogue import CATALOGUE, SENSOR_CATALOGUE
from offbeat.observe.dashboards.committed import dashboard_files
from offbeat.observe.dashboards.panels import WIDTH, Panel, Query, flow
from tests.deploy.test_prometheus import PROMTOOL, needs_promtool

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
BOARDS: dict[str, Any] = {name: json.loads(text) for name, text in dashboard_files().items()}
PROCESS_METRICS = {
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_start_time_seconds",
}
COLOURED_BY_VALUE = ("stat", "table", "bargauge", "state-timeline")
DAEMON = {'job=~"$job"', 'instance=~"$instance"'}
SENSORS = {'instance=~"$instance"'}
"""What is said of sensors is scraped by a job of its own."""


def listed(kind: str) -> list[Any]:
    """Return what dashboards have of a kind - panels, or queries of anything - as parameters of a test."""
    found = []
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            if kind == "panels":
                found.append(pytest.param(panel, id=f"{name}:{panel['title']}"))
            else:
                found += [
                    pytest.param(target["expr"], id=f"{name}:{panel['title']}:{target['refId']}")
                    for target in panel["targets"]
                ]
        if kind == "queries":
            found += [
                pytest.param(one["expr"], id=f"{name}:{one['name']}") for one in board["annotations"]["list"]
            ]
    return found


def test_what_is_committed_is_what_the_code_says() -> None:
    """Made again with `offbeat export grafana --out deploy/grafana/dashboards`."""
    assert {
        path.name: path.read_text() for path in (FOLDER / "dashboards").glob("*.json")
    } == dashboard_files()


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_a_dashboard_can_be_moved_to_another_grafana(board: dict[str, Any]) -> None:
    """Its data source and its instances are variables, its uid is stable, nobody edits it in place."""
    source, *variables = board["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert re.fullmatch(r"offbeat-[a-z]+", board["uid"])
    assert board["editable"] is False
    assert board["tags"] == ["offbeat"], "the links between dashboards go by it"
    assert "offbeat" in board["links"][0]["tags"]
    many = {variable["name"]: variable for variable in variables if variable["multi"]}
    assert "instance" in many
    assert {"job", "sensor"} & {variable["name"] for variable in variables}
    for variable in many.values():
        assert (variable["includeAll"], variable["allValue"]) == (True, ".+"), variable["name"]
    for variable in variables:
        assert variable["refresh"] == 2, "values are looked up again when the time range changes"
        assert variable["datasource"]["uid"] == "${datasource}"


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


@pytest.mark.parametrize("panel", listed("panels"))
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    """Title, description, unit, a data source that can be chosen, and colours that are meant."""
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for source in (panel, *panel["targets"]):
        assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    if panel["type"] in COLOURED_BY_VALUE:
        assert "thresholds" in panel["fieldConfig"]["defaults"], "Grafana's own are red above 80"
    if panel["type"] == "timeseries" and "legend" in panel["options"]:
        assert all(target["legendFormat"] != "__auto" for target in panel["targets"])


@pytest.mark.parametrize("query", listed("queries"))
def test_queries_speak_of_metrics_and_labels_that_there_are(query: str) -> None:
    """Hold to the variables of the dashboard, and ask of counters how fast they grow, of gauges what they are."""
    metrics = CATALOGUE | SENSOR_CATALOGUE
    found = re.findall(r"(\w+)\{([^}]*)\}", query)
    assert found
    for name, matchers in found:
        base = re.sub(r"_bucket$", "", name)
        assert base in metrics or base in PROCESS_METRICS, name
        assert name == base or metrics[base].kind == "histogram"
        wanted = SENSORS if base in SENSOR_CATALOGUE else DAEMON
        assert wanted <= {part.strip() for part in matchers.split(",")}
        own = metrics[base].labels if base in metrics else ()
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= {*own, "job", "instance"}, matchers
        kind = metrics[base].kind if base in metrics else "counter" if base.endswith("_total") else "gauge"
        rated = re.search(rf"(rate|increase)\({name}\{{", query) is not None
        assert rated == (kind != "gauge"), f"{name} is a {kind}: {query}"


@pytest.mark.parametrize("panel", listed("panels"))
def test_rates_are_taken_over_what_grafana_says(panel: dict[str, Any]) -> None:
    """Or over the time that the title names: a range of less than a few scrapes shows nothing."""
    allowed = {"$__rate_interval", "$__range"} | ({"1h"} if "an hour" in panel["title"] else set())
    for target in panel["targets"]:
        assert set(re.findall(r"\[([^\]]+)\]", target["expr"])) <= allowed, target["expr"]


@pytest.mark.parametrize("query", listed("queries"))
def test_ages_are_as_old_as_their_scrape(query: str) -> None:
    """By `time()` the age of the scrape would be added: a saw of half a minute, and a rise while a daemon is away."""
    assert "time()" not in query


@pytest.mark.parametrize("panel", listed("panels"))
def test_links_lead_to_dashboards_and_variables_that_there_are(panel: dict[str, Any]) -> None:
    """With the data source and the time that are looked at."""
    config = panel["fieldConfig"]
    links = list(config["defaults"].get("links", []))
    links += [
        link
        for override in config["overrides"]
        for one in override["properties"]
        if one["id"] == "links"
        for link in one["value"]
    ]
    for link in links:
        uid = re.match(r"/d/([\w-]+)\?", link["url"])
        assert uid is not None, link["url"]
        names = {variable["name"] for variable in BOARDS[f"{uid[1]}.json"]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", link["url"])) <= names
        assert "${datasource:queryparam}" in link["url"]
        assert "${__url_time_range}" in link["url"]


@pytest.mark.prometheus
@needs_promtool
def test_prometheus_can_read_every_query(tmp_path: Path) -> None:
    """Their syntax and the types in them, with any value of the variables."""
    rules = "groups: [{name: panels, rules: [\n"
    for number, one in enumerate(listed("queries")):
        query = re.sub(r"\$__\w+", "5m", one.values[0]).replace("$", "any")
        rules += f"  {{record: 'panel:{number}', expr: {json.dumps(query)}}},\n"
    (tmp_path / "panels.yml").write_text(rules + "]}]\n")
    assert PROMTOOL is not None
    result = subprocess.run(
        [PROMTOOL, "check", "rules", "panels.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "path", ["grafana/provisioning/datasources/offbeat.yml", "compose/grafana/datasources.yml"]
)
def test_a_point_of_the_heat_map_leads_to_its_sensor(path: str) -> None:
    """The data source that is provisioned says where an exemplar's label leads."""
    leads = r"exemplarTraceIdDestinations:\s+- name: sensor\s+url: /d/offbeat-sensor\?var-sensor=\$\$\{__value.raw\}"
    assert re.search(leads, (FOLDER.parent / path).read_text())


def test_a_row_that_is_too_wide_is_refused() -> None:
    """Grafana would wrap it somewhere."""
    wide = Panel("wide", "A panel.", "none", (Query("up"),), width=20)
    with pytest.raises(ValueError, match="wider than 24 columns"):
        flow([[wide, wide]])
