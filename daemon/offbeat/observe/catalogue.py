"""Every metric of the daemon, in one place: code, documents, rules and dashboards are checked against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SCORES = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
POWERS_OF_TWO = tuple(float(2**i) for i in range(0, 15, 2))


@dataclass(frozen=True, slots=True)
class Metric:
    """What one metric means.

    Attributes:
        name: as it is exposed, unit and `_total` included.
        help: one sentence.
        labels: names; outside of `SENSOR_CATALOGUE` every label takes values of a small, bounded set.
        buckets: upper bounds of a histogram, without infinity.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "counter", text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, "gauge", text, labels)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return Metric(name, "histogram", text, labels, buckets)


_ALL = (
    # The way in.
    _counter("offbeat_received_total", "What entered a stage: accepted plus dropped.", "stage", "unit"),
    _counter("offbeat_accepted_total", "What a stage handed on.", "stage", "unit"),
    _counter("offbeat_dropped_total", "What a stage did not hand on, by reason.", "stage", "unit", "reason"),
    _gauge("offbeat_mqtt_connected", "1 while a connection to the broker stands.", "connection"),
    _counter("offbeat_mqtt_connections_total", "Connections that the broker accepted.", "connection"),
    _gauge(
        "offbeat_last_message_timestamp_seconds",
        "Unix time at which the last message arrived; 0 before the first.",
    ),
    _gauge("offbeat_inbox_depth_bytes", "Memory of the readings that wait for the loop."),
    _gauge("offbeat_inbox_depth_readings", "Readings that wait for the loop."),
    _gauge("offbeat_inbox_capacity_bytes", "Memory at which the inbox begins to shed."),
    _gauge("offbeat_journal_bytes", "Size of the journal on disk."),
    _gauge("offbeat_journal_durable_lag_bytes", "Appended to the journal, and not yet known to be on disk."),
    _gauge("offbeat_journal_degraded", "1 while the journal cannot be written."),
    # Sensors and scoring.
    _gauge(
        "offbeat_sensors",
        "Known sensors by readiness: waiting, learning, provisional (judged by the fleet's laws), ready.",
        "readiness",
    ),
    _gauge("offbeat_sensors_anomalous", "Sensors with an open episode, of one kind or of several."),
    _gauge("offbeat_sensors_limit", "Sensors that are admitted at most."),
    _gauge("offbeat_sensors_suppressed", "Sensors that the last scrape of /metrics/sensors left out."),
    _counter("offbeat_rows_scored_total", "New rows that were judged."),
    _counter("offbeat_windows_scored_total", "Windows that a model judged."),
    _counter("offbeat_windows_superseded_total", "Windows that were due again before a model came to them."),
    _counter("offbeat_jobs_shed_total", "Jobs that no model answered."),
    _histogram("offbeat_scoring_seconds", "Time a model took for a job.", SECONDS, "work"),
    _histogram("offbeat_batch_rows", "Rows judged in one step job.", POWERS_OF_TWO),
    _histogram("offbeat_decision_delay_seconds", "From a reading's arrival to its judgement.", SECONDS),
    _histogram(
        "offbeat_score_ratio",
        "Scores of judged rows; 1 is the boundary of the budget. Exemplars name a sensor.",
        SCORES,
    ),
    _gauge("offbeat_scorer_degraded", "1 after the scorer fell back from the GPU to the CPU."),
    _gauge(
        "offbeat_model_info", "The model in use for a group; always 1.", "group", "name", "version", "device"
    ),
    _counter(
        "offbeat_model_swaps_total",
        "Versions that came into service while running, and that failed to.",
        "result",
    ),
    # Learning in the background.
    _counter("offbeat_trainings_total", "Trainings in the background, by what came of them.", "result"),
    _counter("offbeat_training_seconds_total", "Time that trainings in the background took."),
    _gauge("offbeat_training_running", "1 while a model is trained in the background.", "group"),
    _gauge(
        "offbeat_learning_progress_ratio",
        "Of the data that a first model needs, or of the training that runs; 1 when neither is the case.",
        "group",
    ),
    _gauge(
        "offbeat_next_training_timestamp_seconds",
        "Unix time at which the next training begins at the latest; 0 if none is planned.",
        "group",
    ),
    # Episodes and the way out.
    _gauge("offbeat_episodes_open", "Episodes that are open.", "kind"),
    _counter("offbeat_episode_events_total", "Events decided.", "event"),
    _gauge("offbeat_outbox_depth", "Events that wait for the broker's acknowledgement."),
    _counter("offbeat_events_published_total", "Events that the broker acknowledged."),
    _counter("offbeat_events_refused_total", "Refusals of events by the broker."),
    _counter("offbeat_events_lost_total", "Events that were given up.", "reason"),
    _gauge(
        "offbeat_outbox_degraded",
        "1 while the disk takes no events, so that they wait in memory, or cannot make them safe against a power cut.",
    ),
    _gauge(
        "offbeat_history_degraded",
        "1 while the disk takes no history of episodes, so that it waits in memory, or cannot make it safe against a "
        "power cut.",
    ),
    _counter("offbeat_history_events_lost_total", "Events that no history of episodes tells of."),
    _counter(
        "offbeat_syncs_total",
        "Times that outbox or history were to be made safe against a power cut before a snapshot: safe; deferred: "
        "safe, but the file was held; busy: not yet, as it was held; failed.",
        "file",
        "result",
    ),
    _counter("offbeat_states_published_total", "Messages on state topics."),
    # State.
    _counter("offbeat_snapshots_total", "Snapshots written."),
    _counter("offbeat_snapshots_failed_total", "Snapshots that the disk did not take."),
    _counter("offbeat_files_quarantined_total", "Damaged files of state that were put aside."),
    _gauge(
        "offbeat_snapshot_timestamp_seconds", "Unix time of the newest snapshot of the shard whose is oldest."
    ),
    # The configuration.
    _counter("offbeat_config_reloads_total", "Times the configuration was read again.", "result"),
    _gauge(
        "offbeat_config_last_reload_successful",
        "0 while what was read last is not what the daemon runs by.",
    ),
    _gauge(
        "offbeat_config_last_reload_success_timestamp_seconds",
        "Unix time at which the configuration in force was read.",
    ),
    # The process.
    _gauge("offbeat_ready", "1 when the daemon is ready."),
    _gauge("offbeat_stage_stalled", "1 for a stage that should move and does not.", "stage"),
    _gauge("offbeat_build_info", "The running version; always 1.", "version", "python"),
    _counter("offbeat_collect_errors_total", "Metrics that could not be read when they were asked for."),
)

CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in _ALL}
"""What `/metrics` shows: the daemon. No label names a sensor, so the number of series does not grow with the fleet."""

_SENSORS = (
    _gauge("offbeat_sensor_score", "Severity of the newest row; 1 is the boundary of the budget.", "sensor"),
    _gauge("offbeat_sensor_anomalous", "1 while the sensor has an open episode.", "sensor"),
    _gauge("offbeat_sensor_value", "Newest value of a channel, in its own unit.", "sensor", "channel"),
    _gauge(
        "offbeat_sensor_expected_low",
        "Lower end of what was expected of the newest value.",
        "sensor",
        "channel",
    ),
    _gauge(
        "offbeat_sensor_expected_high",
        "Upper end of what was expected of the newest value.",
        "sensor",
        "channel",
    ),
    _gauge("offbeat_sensor_last_seen_timestamp_seconds", "Unix time of the last message.", "sensor"),
    _gauge("offbeat_sensor_usual_gap_seconds", "Median time between messages.", "sensor"),
    _gauge(
        "offbeat_sensor_readiness",
        "0 waiting for a reading, 1 learning, 2 provisional: judged by the fleet's laws, 3 ready.",
        "sensor",
    ),
    _counter("offbeat_sensor_rows_total", "Rows that moved the sensor forward in time.", "sensor"),
)

SENSOR_CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in _SENSORS}
"""What `/metrics/sensors` shows: a series for every exposed sensor."""
