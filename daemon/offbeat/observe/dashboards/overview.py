"""The dashboard of the daemon itself: is it up, does it hear, does it keep up, does it tell."""

from __future__ import annotations

from offbeat.observe.dashboards.dashboard import daemon_variables, dashboard
from offbeat.observe.dashboards.panels import (
    BAD,
    GOOD,
    HERE,
    NO_SPARKLINE,
    SOURCE,
    WARNING,
    Json,
    Panel,
    Query,
    age_of,
)

YES_NO = ((1, "yes", GOOD), (0, "no", BAD))
TROUBLE = ((0, "fine", GOOD), (1, "trouble", BAD))
RATE = "[$__rate_interval]"


def overview() -> Json:
    """Return the dashboard "Offbeat / Overview"."""
    return dashboard(
        uid="offbeat-overview",
        title="Offbeat / Overview",
        description="The daemon: what it hears, how fast it judges, what it tells, and whether it is well.",
        variables=daemon_variables("offbeat_ready"),
        annotations=(_starts(), _models(), _configurations()),
        rows=[_health(), _way_in(), _scoring(), _learning(), _way_out(), _process(), _versions()],
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


def _way_in() -> list[Panel]:
    accepted, dropped = "offbeat_accepted_total", f"rate(offbeat_dropped_total{{{HERE}}}{RATE})"
    return [
        Panel(
            "Readings a second",
            "Readings decoded and handed on.",
            "short",
            (Query(f'rate({accepted}{{stage="decoder", unit="reading", {HERE}}}{RATE})', "{{instance}}"),),
            least=0,
        ),
        Panel(
            "Drops a second",
            "What was not used, and why; none of it is silent.",
            "short",
            (
                Query(f"sum({dropped})", "all"),
                Query(f"sum by (reason) ({dropped}) > 0", "{{reason}}"),
            ),
            least=0,
            custom={"axisSoftMax": 1},
        ),
        Panel(
            "Inbox",
            "How full the queue before the loop is. A full one sheds its oldest readings.",
            "percentunit",
            (
                Query(
                    f"offbeat_inbox_depth_bytes{{{HERE}}} / offbeat_inbox_capacity_bytes{{{HERE}}}",
                    "{{instance}}",
                ),
            ),
            least=0,
            steps=((0, GOOD), (0.5, BAD)),
            custom={"thresholdsStyle": {"mode": "line"}, "axisSoftMax": 1},
        ),
    ]


def _scoring() -> list[Panel]:
    delay, scoring = "offbeat_decision_delay_seconds_bucket", "offbeat_scoring_seconds_bucket"
    return [
        Panel(
            "From arrival to judgement",
            "Delay of decisions: half of the readings, and 99 of 100, wait no longer.",
            "s",
            tuple(
                Query(_quantile(q, f"sum by (le) (rate({delay}{{{HERE}}}{RATE}))"), f"p{q * 100:g}")
                for q in (0.5, 0.99)
            ),
            least=0,
        ),
        Panel(
            "Judged a second",
            "Rows judged by all detectors, windows judged by the model, and jobs that no model answered.",
            "short",
            (
                Query(f"sum(rate(offbeat_rows_scored_total{{{HERE}}}{RATE}))", "rows"),
                Query(f"sum(rate(offbeat_windows_scored_total{{{HERE}}}{RATE}))", "windows"),
                Query(f"sum(rate(offbeat_jobs_shed_total{{{HERE}}}{RATE}))", "jobs without an answer"),
            ),
            least=0,
        ),
        Panel(
            "Time of a job",
            "What the model takes for one job of a kind: 99 of 100 are faster.",
            "s",
            (Query(_quantile(0.99, f"sum by (le, work) (rate({scoring}{{{HERE}}}{RATE}))"), "{{work}}"),),
            least=0,
        ),
    ]


def _quantile(q: float, buckets: str) -> str:
    """Return a query for a quantile; there is none where nothing was observed, and the comparison leaves NaN out."""
    return f"histogram_quantile({q}, {buckets}) >= 0"


def _learning() -> list[Panel]:
    planned = f"offbeat_next_training_timestamp_seconds{{{HERE}}}"
    results = f"round(sum by (result) (increase(offbeat_trainings_total{{{HERE}}}[$__range])))"
    return [
        Panel(
            "Sensors by readiness",
            "Waiting for a first reading; learning, when only silence is judged; provisional, by the fleet's "
            "laws; ready, by its own.",
            "short",
            (Query(f"sum by (readiness) (offbeat_sensors{{{HERE}}})", "{{readiness}}"),),
            least=0,
            custom={"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40},
        ),
        Panel(
            "Learning",
            "How much of the data is there that a group's first model needs, or how far its training is; full when "
            "neither is the case.",
            "percentunit",
            (Query(f"offbeat_learning_progress_ratio{{{HERE}}}", "{{group}}"),),
            "bargauge",
            6,
            least=0,
            most=1,
            steps=((0, "blue"), (1, GOOD)),
        ),
        Panel(
            "Next training",
            "Time until a group is trained anew, at the latest.",
            "s",
            (
                Query(
                    f"clamp_min(({planned} > 0) - timestamp({planned}), 0) or ({planned} == 0) - 1",
                    "{{group}}",
                ),
            ),
            "stat",
            4,
            mappings=((-1, "not planned", "text"),),
            options=NO_SPARKLINE,
        ),
        Panel(
            "Trainings",
            "What came of trainings in the background, over the time that is shown.",
            "none",
            (Query(results, "{{result}}", instant=True),),
            "bargauge",
            6,
            least=0,
            steps=((0, "blue"),),
        ),
    ]


def _way_out() -> list[Panel]:
    events = f"60 * sum by (event) (rate(offbeat_episode_events_total{{{HERE}}}{RATE}))"
    return [
        Panel(
            "Events a minute",
            "Openings, updates and closings of episodes.",
            "short",
            (Query(events, "{{event}}"),),
            width=12,
            least=0,
        ),
        Panel(
            "Outbox",
            "Events that wait for the broker's acknowledgement; they survive a restart.",
            "short",
            (Query(f"offbeat_outbox_depth{{{HERE}}}", "{{instance}}"),),
            width=12,
            least=0,
            custom={"axisSoftMax": 1},
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
