"""The overview's panels of what goes through the daemon: the way in, what waits, judging, the way out."""

from __future__ import annotations

from offbeat.observe.dashboards.panels import BAD, GOOD, HERE, RATE, Panel, Query


def way_in() -> list[Panel]:
    """Return what is heard, what of it is not used, and the queue before the loop."""
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


def backlog() -> list[Panel]:
    """Return what waits inside, and how often the way to the broker had to be built."""
    connections = f"sum by (connection) (increase(offbeat_mqtt_connections_total{{{HERE}}}[1h]))"
    return [
        Panel(
            "Readings that wait",
            "Readings in the queue before the loop. A peak is a gateway's burst, a slope is a loop that falls behind.",
            "short",
            (Query(f"offbeat_inbox_depth_readings{{{HERE}}}", "{{instance}}"),),
            least=0,
            custom={"axisSoftMax": 1},
        ),
        Panel(
            "Not yet on disk",
            "What was written to the journal and is not known to be safe there; the broker is not told before that it "
            "arrived.",
            "bytes",
            (Query(f"offbeat_journal_durable_lag_bytes{{{HERE}}}", "{{instance}}"),),
            least=0,
            custom={"axisSoftMax": 1},
        ),
        Panel(
            "Connections an hour",
            "How often the broker accepted a connection, over the hour before: none while all stands, many where a "
            "network flaps or two clients share an id.",
            "short",
            (Query(connections, "{{connection}}"),),
            least=0,
            custom={"axisSoftMax": 1},
        ),
    ]


def judging() -> list[Panel]:
    """Return how much is judged, and how fast."""
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
            "Rows judged by all detectors, windows judged by the model; windows that were due again before the model "
            "came to them, and jobs that no model answered.",
            "short",
            (
                Query(f"sum(rate(offbeat_rows_scored_total{{{HERE}}}{RATE}))", "rows"),
                Query(f"sum(rate(offbeat_windows_scored_total{{{HERE}}}{RATE}))", "windows"),
                Query(
                    f"sum(rate(offbeat_windows_superseded_total{{{HERE}}}{RATE}))",
                    "windows that came too late",
                ),
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


def way_out() -> list[Panel]:
    """Return what is told, and what waits to be."""
    events = f"60 * sum by (event) (rate(offbeat_episode_events_total{{{HERE}}}{RATE}))"
    return [
        Panel(
            "Events a minute",
            "Openings, updates and closings of episodes.",
            "short",
            (Query(events, "{{event}}"),),
            width=6,
            least=0,
        ),
        Panel(
            "Told a minute",
            "What became of events: acknowledged by the broker; refused by it, and tried again; given up.",
            "short",
            (
                Query(f"60 * sum(rate(offbeat_events_published_total{{{HERE}}}{RATE}))", "acknowledged"),
                Query(f"60 * sum(rate(offbeat_events_refused_total{{{HERE}}}{RATE}))", "refused"),
                Query(f"60 * sum(rate(offbeat_events_lost_total{{{HERE}}}{RATE}))", "given up"),
            ),
            width=6,
            least=0,
            custom={"axisSoftMax": 1},
        ),
        Panel(
            "Outbox",
            "Events that wait for the broker's acknowledgement; they survive a restart.",
            "short",
            (Query(f"offbeat_outbox_depth{{{HERE}}}", "{{instance}}"),),
            width=6,
            least=0,
            custom={"axisSoftMax": 1},
        ),
        Panel(
            "States a second",
            "Messages on the retained topics of sensors' states.",
            "short",
            (Query(f"rate(offbeat_states_published_total{{{HERE}}}{RATE})", "{{instance}}"),),
            width=6,
            least=0,
        ),
    ]
