"""The dashboard of the daemon itself: is it up, does it hear, does it keep up, does it tell."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import daemon_variables, dashboard
from offbeat.observe.dashboards.overview_flow import backlog, judging, way_in, way_out
from offbeat.observe.dashboards.overview_learning import learning, training
from offbeat.observe.dashboards.panels import (
    BAD,
    GOOD,
    HERE,
    NO_SPARKLINE,
    RATE,
    SOURCE,
    WARNING,
    Json,
    Panel,
    Query,
    age_of,
)

YES_NO = ((1, "yes", GOOD), (0, "no", BAD))
TROUBLE = ((0, "fine", GOOD), (1, "trouble", BAD))


def overview() -> Json:
    """Return the dashboard "Offbeat / Overview"."""
    return dashboard(
        uid="offbeat-overview",
        title="Offbeat / Overview",
        description="The daemon: what it hears, how fast it judges, what it tells, and whether it is well.",
        variables=daemon_variables("offbeat_ready"),
        annotations=(_starts(), _models(), _configurations()),
        rows=[
            _health(),
            way_in(),
            backlog(),
            judging(),
            way_out(),
            learning(),
            training(),
            _process(),
            _versions(),
        ],
    )


def _starts() -> Json:
    return {
        "name": "Starts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": WARNING,
        "expr": f"1000 * process_start_time_seconds{{{HERE}}}",
        "useValueForTime": True,
        "titleFormat": "{{instance}} was started",
    }


def _models() -> Json:
    return {
        "name": "Models",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": f"offbeat_model_info{{{HERE}}} unless offbeat_model_info{{{HERE}}} offset $__interval",
        "titleFormat": "{{name}} {{version}} came into service for {{group}}",
        "step": "15s",
    }


def _configurations() -> Json:
    return {
        "name": "Configurations",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "purple",
        "expr": f"1000 * offbeat_config_last_reload_success_timestamp_seconds{{{HERE}}}",
        "useValueForTime": True,
        "titleFormat": "{{instance}} took up a configuration",
    }


def _stat(title: str, description: str, expr: str, unit: str = "none", **more: object) -> Panel:
    return Panel(title, description, unit, (Query(expr, "{{instance}}"),), "stat", 4, 4, **more)  # type: ignore[arg-type] # fields of Panel


def _health() -> list[Panel]:
    last_message = f"offbeat_last_message_timestamp_seconds{{{HERE}}}"
    return [
        _stat(
            "Ready",
            "Readings are taken in and judged.",
            f"offbeat_ready{{{HERE}}}",
            steps=((0, BAD), (1, GOOD)),
            mappings=YES_NO,
        ),
        _stat(
            "Broker",
            "Both connections to the broker stand: the one that hears and the one that tells.",
            f"min without (connection) (offbeat_mqtt_connected{{{HERE}}})",
            steps=((0, BAD), (1, GOOD)),
            mappings=YES_NO,
        ),
        _stat(
            "Sensors",
            "Sensors that were ever heard.",
            f"sum without (readiness) (offbeat_sensors{{{HERE}}})",
            "short",
        ),
        _stat(
            "Open episodes",
            "Anomalies that last.",
            f"sum without (kind) (offbeat_episodes_open{{{HERE}}})",
            "short",
            steps=((0, GOOD), (1, WARNING)),
        ),
        _stat(
            "Disk",
            "Journal, outbox and history can be written.",
            f"clamp_max(offbeat_journal_degraded{{{HERE}}} + offbeat_outbox_degraded{{{HERE}}}"
            f" + offbeat_history_degraded{{{HERE}}}, 1)",
            steps=((0, GOOD), (1, BAD)),
            mappings=TROUBLE,
        ),
        _stat(
            "Last message",
            "Time since a message arrived from the broker.",
            f"{age_of(last_message)} and {last_message} > 0",
            "s",
            steps=((0, GOOD), (300, WARNING)),
        ),
    ]


def _process() -> list[Panel]:
    return [
        Panel(
            "Memory",
            "Resident memory of the process.",
            "bytes",
            (Query(f"process_resident_memory_bytes{{{HERE}}}", "{{instance}}"),),
            least=0,
        ),
        Panel(
            "Cores",
            "Cores that the process keeps busy.",
            "none",
            (Query(f"rate(process_cpu_seconds_total{{{HERE}}}{RATE})", "{{instance}}"),),
            least=0,
        ),
        Panel(
            "Journal",
            "The log of what arrived, on disk; it is shortened from its old end.",
            "bytes",
            (Query(f"offbeat_journal_bytes{{{HERE}}}", "{{instance}}"),),
            least=0,
        ),
    ]


def _versions() -> list[Panel]:
    hidden = {"Time": True, "Value": True, "__name__": True, "job": True}
    columns = {name: i for i, name in enumerate(("group", "name", "version", "device", "instance"))}
    return [
        Panel(
            "Models in service",
            "The model that judges each group of sensors.",
            "none",
            (Query(f"offbeat_model_info{{{HERE}}}", instant=True),),
            "table",
            12,
            6,
            custom={"minWidth": 90},
            transformations=(
                {"id": "organize", "options": {"excludeByName": hidden, "indexByName": columns}},
            ),
        ),
        Panel(
            "Configuration",
            "Whether the daemon runs by what was read last; a reload that is refused changes nothing.",
            "none",
            (Query(f"offbeat_config_last_reload_successful{{{HERE}}}", "{{instance}}"),),
            "stat",
            4,
            6,
            steps=((0, BAD), (1, GOOD)),
            mappings=((1, "in force", GOOD), (0, "refused", BAD)),
            options=NO_SPARKLINE,
        ),
        Panel(
            "Version",
            "Of Offbeat.",
            "none",
            (Query(f"offbeat_build_info{{{HERE}}}", "{{version}}"),),
            "stat",
            4,
            6,
            options={"textMode": "name"} | NO_SPARKLINE,
        ),
        Panel(
            "Running for",
            "Time since the process was started.",
            "dtdurations",
            (Query(age_of(f"process_start_time_seconds{{{HERE}}}"), "{{instance}}"),),
            "stat",
            4,
            6,
            options=NO_SPARKLINE,
        ),
    ]
