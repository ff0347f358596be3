"""The dashboard of the fleet: which sensors are out of step, how many, since when."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import dashboard
from offbeat.observe.dashboards.panels import BAD, GOOD, HERE, WARNING, Json, Panel, Query

SENSOR_LINK = {
    "title": "What this sensor does",
    "url": "/d/offbeat-sensor?${datasource:queryparam}&var-sensor=${__data.fields.sensor}&${__url_time_range}",
}
SCORE_STEPS = ((0.0, GOOD), (1.0, WARNING), (2.0, BAD))


def episodes() -> Json:
    """Return the dashboard "Offbeat / Episodes"."""
    return dashboard(
        uid="offbeat-episodes",
        title="Offbeat / Episodes",
        description="The fleet: episodes that are open, the strangest sensors, and how it went.",
        anchor="offbeat_episodes_open",
        rows=[_now(), _strangest(), _history()],
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
        ),
        Panel(
            "Share of the fleet",
            "Open episodes over sensors. Many at once have one cause more often than many.",
            "percentunit",
            (Query(f"{open_now} / sum(offbeat_sensors{{{HERE}}})", "share"),),
            "stat",
            4,
            6,
            steps=((0, GOOD), (0.05, WARNING), (0.2, BAD)),
        ),
        Panel(
            "Open by kind",
            "What is strange: what is measured, its rhythm, a value that stands still, silence.",
            "short",
            (Query(f"sum by (kind) (offbeat_episodes_open{{{HERE}}})", "{{kind}}"),),
            width=16,
            height=6,
            custom={"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40},
        ),
    ]


def _strangest() -> list[Panel]:
    return [
        Panel(
            "Strangest sensors",
            "Score of the newest reading; 1 is the boundary of the sensor's budget of false alerts.",
            "none",
            (Query(f"topk(20, offbeat_sensor_score{{{HERE}}})", instant=True),),
            "table",
            12,
            10,
            steps=SCORE_STEPS,
            custom={"links": [SENSOR_LINK]},
            transformations=(
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {"Time": True, "__name__": True, "job": True},
                        "renameByName": {"Value": "score"},
                    },
                },
                {"id": "sortBy", "options": {"sort": [{"field": "score", "desc": True}]}},
            ),
        ),
        Panel(
            "Out of step",
            "When each sensor had an open episode; sensors that never had one are left out.",
            "none",
            (Query(f"max by (sensor) (offbeat_sensor_anomalous{{{HERE}}}) == 1", "{{sensor}}"),),
            "state-timeline",
            12,
            10,
            mappings=((1, "out of step", BAD), (0, "in step", GOOD)),
            steps=((0, GOOD), (1, BAD)),
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
        ),
        Panel(
            "Silent the longest",
            "Time since each sensor's last message, the ten longest.",
            "s",
            (
                Query(
                    f"topk(10, time() - offbeat_sensor_last_seen_timestamp_seconds{{{HERE}}})", "{{sensor}}"
                ),
            ),
            "bargauge",
            12,
        ),
    ]
