"""The dashboard of one sensor: what it read, what was expected, and how strange that was."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import dashboard
from offbeat.observe.dashboards.panels import (
    BAD,
    FLEET,
    GOOD,
    NO_LEGEND,
    NO_SPARKLINE,
    SOURCE,
    WARNING,
    Json,
    Panel,
    Query,
    Variable,
    age_of,
)

SENSOR = f'sensor=~"$sensor", {FLEET}'
CHANNEL = f'channel=~"$channel", {SENSOR}'


def sensor() -> Json:
    """Return the dashboard "Offbeat / Sensor"."""
    anchor = "offbeat_sensor_last_seen_timestamp_seconds"
    return dashboard(
        uid="offbeat-sensor",
        title="Offbeat / Sensor",
        description="One sensor: its values within what was expected of them, its score, its rhythm.",
        variables=(
            Variable("instance", "Instance", f"label_values({anchor}, instance)"),
            Variable("sensor", "Sensor", f"label_values({anchor}{{{FLEET}}}, sensor)", single=True),
            Variable("channel", "Channel", f"label_values(offbeat_sensor_value{{{SENSOR}}}, channel)"),
        ),
        annotations=(_marks(),),
        rows=[[_value()], [_score(), _open(), _readiness()], [_age(), _rows()]],
        refresh="10s",
        since="now-1h",
    )


def _marks() -> Json:
    return {
        "name": "Episodes",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": BAD,
        "expr": f"max by (sensor) (offbeat_sensor_anomalous{{{SENSOR}}}) == 1",
        "titleFormat": "{{sensor}} is out of step",
        "step": "15s",
    }


def _value() -> Panel:
    return Panel(
        "$sensor, $channel",
        "The newest value, and the band it was expected in.",
        "none",
        (
            Query(f"offbeat_sensor_expected_low{{{CHANNEL}}}", "low"),
            Query(f"offbeat_sensor_expected_high{{{CHANNEL}}}", "high"),
            Query(f"offbeat_sensor_value{{{CHANNEL}}}", "value"),
        ),
        width=24,
        height=10,
        custom={"fillOpacity": 0},
        overrides=(_edge("low"), _edge("high")),
        repeat="channel",
    )


def _edge(name: str) -> Json:
    """Return the override that draws an edge of the band without a line, the upper one filled down to the lower."""
    look: list[Json] = [
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "#8ab8ff"}},
        {"id": "custom.lineWidth", "value": 0},
        {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}},
    ]
    if name == "high":
        look += [{"id": "custom.fillBelowTo", "value": "low"}, {"id": "custom.fillOpacity", "value": 20}]
    return {"matcher": {"id": "byName", "options": name}, "properties": look}


def _score() -> Panel:
    return Panel(
        "Score",
        "How strange the newest reading is; above 1 it lies outside of the budget of false alerts.",
        "none",
        (Query(f"offbeat_sensor_score{{{SENSOR}}}", "{{sensor}}"),),
        width=16,
        least=0,
        steps=((0, GOOD), (1, BAD)),
        options=NO_LEGEND,
        custom={"thresholdsStyle": {"mode": "line"}, "axisSoftMax": 1.5},
    )


def _open() -> Panel:
    return Panel(
        "Episode",
        "Whether an episode of this sensor is open now.",
        "none",
        (Query(f"max(offbeat_sensor_anomalous{{{SENSOR}}})", "episode"),),
        "stat",
        4,
        steps=((0, GOOD), (1, BAD)),
        options=NO_SPARKLINE,
        mappings=((1, "out of step", BAD), (0, "in step", GOOD)),
    )


def _readiness() -> Panel:
    words = ("waiting", WARNING), ("learning", WARNING), ("provisional", WARNING), ("ready", GOOD)
    return Panel(
        "Readiness",
        "How far this sensor is on its way to being judged by its own laws.",
        "none",
        (Query(f"max(offbeat_sensor_readiness{{{SENSOR}}})", "readiness"),),
        "stat",
        4,
        mappings=tuple((stage, *word) for stage, word in enumerate(words)),
        options=NO_SPARKLINE,
    )


def _age() -> Panel:
    last_seen = f"offbeat_sensor_last_seen_timestamp_seconds{{{SENSOR}}}"
    return Panel(
        "Time since the last message",
        "Beside it the usual time between messages of this sensor.",
        "s",
        (
            Query(age_of(last_seen), "since the last"),
            Query(f"offbeat_sensor_usual_gap_seconds{{{SENSOR}}}", "usual"),
        ),
        width=12,
        least=0,
    )


def _rows() -> Panel:
    return Panel(
        "Readings a minute",
        "Rows that moved the sensor forward in time.",
        "short",
        (Query(f"60 * rate(offbeat_sensor_rows_total{{{SENSOR}}}[$__rate_interval])", "{{sensor}}"),),
        width=12,
        least=0,
        options=NO_LEGEND,
    )
