"""The dashboard of the fleet: which sensors are out of step, how many, since when."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import daemon_variables, dashboard
from offbeat.observe.dashboards.panels import (
    BAD,
    FLEET,
    GOOD,
    HERE,
    NO_SPARKLINE,
    WARNING,
    Json,
    Panel,
    Query,
    age_of,
)

SENSOR_BOARD = "/d/offbeat-sensor?${datasource:queryparam}&${__url_time_range}"
ABOUT_SENSOR = "What this sensor does"
SCORE_STEPS = ((0.0, GOOD), (1.0, WARNING), (2.0, BAD))


def episodes() -> Json:
    """Return the dashboard "Offbeat / Episodes"."""
    return dashboard(
        uid="offbeat-episodes",
        title="Offbeat / Episodes",
        description="The fleet: episodes that are open, the strangest sensors, and how it went.",
        variables=daemon_variables("offbeat_episodes_open"),
        rows=[_now(), _strangest(), _scores(), _history()],
    )


def _now() -> list[Panel]:
    open_now = f"sum(offbeat_episodes_open{{{HERE}}})"
    return [
        Panel(
            "Open episodes",
            "Anomalies that last, of all kinds.",
            "short",
            (Query(open_now, "open"),),
            "stat",
            4,
            6,
            steps=((0, GOOD), (1, WARNING)),
            options=NO_SPARKLINE,
        ),
        Panel(
            "Share of the fleet",
            "Sensors with an open episode, of all sensors. Many at once have one cause more often than many.",
            "percentunit",
            (
                Query(
                    f"sum(offbeat_sensors_anomalous{{{HERE}}}) / (sum(offbeat_sensors{{{HERE}}}) > 0)",
                    "share",
                ),
            ),
            "stat",
            4,
            6,
            steps=((0, GOOD), (0.05, WARNING), (0.2, BAD)),
            options=NO_SPARKLINE,
        ),
        Panel(
            "Sensors left out",
            "Sensors that the last scrape of /metrics/sensors left out, as `sensors` in [metrics] says: no panel here "
            "names them.",
            "short",
            (Query(f"sum(offbeat_sensors_suppressed{{{HERE}}})", "left out"),),
            "stat",
            4,
            6,
            options=NO_SPARKLINE,
        ),
        Panel(
            "Open by kind",
            "What is strange: what is measured, its rhythm, a value that stands still, silence.",
            "short",
            (Query(f"sum by (kind) (offbeat_episodes_open{{{HERE}}})", "{{kind}}"),),
            width=12,
            height=6,
            least=0,
            custom={"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40},
        ),
    ]


def _strangest() -> list[Panel]:
    is_open = f"max by (sensor) (offbeat_sensor_anomalous{{{FLEET}}})"
    over_all = f"sum_over_time(offbeat_sensor_anomalous{{{FLEET}}}[$__range] @ end())"
    return [
        Panel(
            "Strangest sensors",
            "Score of the newest reading; 1 is the boundary of the sensor's budget of false alerts.",
            "none",
            (Query(f"topk(20, offbeat_sensor_score{{{FLEET}}})", instant=True),),
            "table",
            12,
            10,
            steps=SCORE_STEPS,
            overrides=(_score_column(), _sensor_column()),
            transformations=(
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {"Time": True, "__name__": True, "job": True},
                        "indexByName": {"sensor": 0, "Value": 1, "instance": 2},
                        "renameByName": {"Value": "score"},
                    },
                },
                {"id": "sortBy", "options": {"sort": [{"field": "score", "desc": True}]}},
            ),
        ),
        Panel(
            "Out of step",
            "When sensors had an open episode: the 20 that had one the longest.",
            "none",
            (Query(f"{is_open} == 1 and on (sensor) topk(20, sum by (sensor) ({over_all}))", "{{sensor}}"),),
            "state-timeline",
            12,
            10,
            mappings=((1, "out of step", BAD), (0, "in step", GOOD)),
            steps=((0, GOOD), (1, BAD)),
            links=({"title": ABOUT_SENSOR, "url": f"{SENSOR_BOARD}&var-sensor=${{__field.labels.sensor}}"},),
        ),
    ]


def _score_column() -> Json:
    look = [
        {"id": "custom.cellOptions", "value": {"type": "color-text"}},
        {"id": "decimals", "value": 2},
        {"id": "custom.width", "value": 90},
    ]
    return {"matcher": {"id": "byName", "options": "score"}, "properties": look}


def _sensor_column() -> Json:
    chosen = "&var-sensor=${__data.fields.sensor}&var-instance=${__data.fields.instance}"
    link = {"title": ABOUT_SENSOR, "url": SENSOR_BOARD + chosen}
    return {
        "matcher": {"id": "byName", "options": "sensor"},
        "properties": [{"id": "links", "value": [link]}],
    }


def _scores() -> list[Panel]:
    return [
        Panel(
            "Scores of all readings",
            "How many readings had which score, over time; above 1 they are outside of the budget. Points are single "
            "readings, and lead to their sensor.",
            "short",
            (
                Query(
                    f"sum by (le) (increase(offbeat_score_ratio_bucket{{{HERE}}}[$__rate_interval]))",
                    "{{le}}",
                    exemplar=True,
                ),
            ),
            "heatmap",
            24,
            8,
        ),
    ]


def _history() -> list[Panel]:
    return [
        Panel(
            "Events an hour",
            "Openings, updates and closings, over the hour before.",
            "short",
            (Query(f"sum by (event) (increase(offbeat_episode_events_total{{{HERE}}}[1h]))", "{{event}}"),),
            width=12,
            least=0,
        ),
        Panel(
            "Silent the longest",
            "Time since each sensor's last message, the ten longest.",
            "s",
            (
                Query(
                    f"topk(10, {age_of(f'offbeat_sensor_last_seen_timestamp_seconds{{{FLEET}}}')})",
                    "{{sensor}}",
                    instant=True,
                ),
            ),
            "bargauge",
            12,
            least=0,
            steps=((0, "blue"),),
        ),
    ]
