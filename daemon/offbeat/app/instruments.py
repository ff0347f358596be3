"""What the daemon's parts tell of themselves, bound to the catalogue of metrics."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

import numpy as np
import structlog

from offbeat import __version__
from offbeat.app.api_answers import Configuration, Learning, ModelInUse, Status
from offbeat.app.group_series import models_by_group, series_by_group, soonest
from offbeat.app.learner import Learner
from offbeat.app.parts import Parts
from offbeat.app.reload_record import ReloadRecord
from offbeat.core.counted import counted
from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.core.jobs import StepJob
from offbeat.core.ledger import Ledger, dropped
from offbeat.core.readiness import Readiness, count_by_readiness
from offbeat.core.sensor_states import KINDS
from offbeat.core.work import Work
from offbeat.ingest.journal import Journal
from offbeat.learn.group_learning import GroupLearning
from offbeat.observe.histogram import Example
from offbeat.observe.metrics import Metrics, new_registry
from offbeat.observe.sensor_metrics import SensorPage
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.worker import Answer

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Instruments:
    """Counts what no part counts for itself, and binds the rest. Scrapes read; hot paths add to plain numbers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.registry = new_registry()
        self._metrics = Metrics(self.registry)
        self._rows_scored = self._jobs_shed = self._windows_scored = 0
        self._events = {"open": 0, "update": 0, "close": 0}
        self._scoring = {
            job: self._metrics.histogram("offbeat_scoring_seconds", job) for job in ("step", "window")
        }
        self._batch_rows = self._metrics.histogram("offbeat_batch_rows")
        self._scores = self._metrics.histogram("offbeat_score_ratio")
        self._decision_delay = self._metrics.histogram("offbeat_decision_delay_seconds")
        self._parts: Parts | None = None
        self.reloads = ReloadRecord(clock())

    def answered(self, answer: Answer[Work]) -> None:
        """Take in how long a job took, whether it was answered, and how old its rows are; called by the loop."""
        if answer.tag is not None and not answer.tag.is_rehearsal:
            self._decision_delay.observe_many(np.maximum(self._clock() - answer.tag.seen_seconds, 0.0))
        if answer.job is None:
            return
        step = isinstance(answer.job, StepJob)
        self._scoring["step" if step else "window"].observe(answer.seconds)
        if answer.result is None:
            self._jobs_shed += 1
        elif not step:
            self._windows_scored += len(answer.job.sensor)

    def decided(self, decisions: Decisions) -> None:
        """Take in what was decided; called by the loop."""
        for event in decisions.events:
            self._events[event.event] += 1
        if decisions.scores is not None:
            self._rows_scored += len(decisions.scores)
            self._batch_rows.observe(len(decisions.scores))
            self._scored(decisions.scores)

    def _scored(self, rows: ScoredRows) -> None:
        """Count scores; the highest of each batch, where it is outside of the budget, names its sensor."""
        known = np.flatnonzero(np.isfinite(rows.score))
        if not len(known) or self._parts is None:
            return
        self._scores.observe_many(rows.score[known])
        highest = known[np.argmax(rows.score[known])]
        if rows.score[highest] < 1.0:
            return  # Nobody looks for what is ordinary, and it would hide the rest in a heat map.
        sensor = self._parts.core.directory.groups[rows.group].ids[int(rows.sensor[highest])]
        self._scores.illustrate(Example({"sensor": sensor}, float(rows.score[highest]), self._clock()))

    def scorer_failed(self, error: Exception) -> None:
        """Take in that the scorer failed at a job; called in its thread."""
        _log.error("the model failed at a job; its readings are judged without it", reason=repr(error))

    def status_line(self) -> str:
        """Return one line for `systemctl status`."""
        parts = self._parts
        if parts is None:
            return "starting"
        open_episodes = sum(self._open_by_kind().values())
        device, prior_only = parts.core.engine.scorer.device, parts.core.prior_only
        model = "no model" if device == "none" else f"{'fleet prior' if prior_only else 'model'} on {device}"
        link = parts.source.status
        trouble = f"not listening: {link.reason}; " if link.reason and link.state != "subscribed" else ""
        refused = "" if self.reloads.successful else "the new configuration is not in force: see the log; "
        sensors = sum(self._sensors_by_readiness().values())
        return (
            f"{refused}{trouble}{counted(sensors, 'sensor')}, {counted(open_episodes, 'episode')} open, "
            f"{counted(self._rows_scored, 'row')} scored, {model}"
        )

    def status(self, waiting_for: str) -> Status:
        """Return how the daemon is, for programs.

        Args:
            waiting_for: what keeps it from being ready; empty when it is.
        """
        assert self._parts is not None
        directory, scorer = self._parts.core.directory, self._parts.core.engine.scorer
        return Status(
            version=__version__,
            ready=not waiting_for,
            waiting_for=waiting_for,
            sensors={readiness: count for (readiness,), count in self._sensors_by_readiness().items()},
            open_episodes={kind: count for (kind,), count in self._open_by_kind().items()},
            rows_scored=self._rows_scored,
            messages_dropped=dropped([self._parts.core.decoder.ledger]),
            readings_dropped=dropped(self._reading_ledgers(self._parts)),
            device=scorer.device,
            configuration=Configuration(self.reloads.loaded_at, self.reloads.problem),
            models={
                directory.groups[i].name: ModelInUse(one.name, one.version)
                for i, one in dict(self._parts.core.artifacts).items()
            },
            learning={name: Learning(**asdict(one)) for name, one in self._parts.learner.groups().items()},
        )

    def unbound(self) -> list[str]:
        """Return the names of the catalogue that nothing stands behind."""
        return self._metrics.unbound()

    def bind(self, parts: Parts, sensors: SensorPage, is_ready: Callable[[], bool]) -> None:
        """Bind every metric of the catalogue to the parts."""
        self._parts = parts
        self._metrics.bind("offbeat_sensors_suppressed", lambda: sensors.suppressed)
        self._bind_way_in(parts)
        self._bind_scoring(parts)
        self._bind_learning(parts)
        self._bind_way_out(parts)
        bind = self._metrics.bind
        self._bind_reloads()
        bind("offbeat_ready", lambda: float(is_ready()))
        bind("offbeat_stage_stalled", lambda: parts.progress.gauge(time.monotonic()))
        bind("offbeat_build_info", lambda: {(__version__, platform.python_version()): 1.0})

    def add_stage(self, ledger: Ledger) -> None:
        """Expose what a stage takes in that came up while the daemon runs."""
        self._metrics.add_ledger(ledger)

    def _bind_reloads(self) -> None:
        bind, reloads = self._metrics.bind, self.reloads
        bind(
            "offbeat_config_reloads_total",
            lambda: {(result,): count for result, count in reloads.counts.items()},
        )
        bind("offbeat_config_last_reload_successful", lambda: float(reloads.successful))
        bind("offbeat_config_last_reload_success_timestamp_seconds", lambda: reloads.loaded_at)

    def _bind_way_in(self, parts: Parts) -> None:
        bind = self._metrics.bind
        for ledger in (parts.core.decoder.ledger, *self._reading_ledgers(parts)):
            self._metrics.add_ledger(ledger)
        bind("offbeat_inbox_depth_bytes", lambda: parts.inbox.statistics().depth_bytes)
        bind("offbeat_inbox_depth_readings", lambda: parts.inbox.statistics().depth_readings)
        bind("offbeat_inbox_capacity_bytes", lambda: parts.inbox.statistics().capacity_bytes)
        bind(
            "offbeat_last_message_timestamp_seconds",
            lambda: (
                self._clock() - parts.source.last_activity_seconds if parts.source.counts.messages else 0.0
            ),
        )
        journal = parts.log if isinstance(parts.log, Journal) else None
        bind("offbeat_journal_bytes", lambda: journal.size_bytes() if journal else 0.0)
        bind("offbeat_journal_durable_lag_bytes", lambda: journal.pending_bytes if journal else 0.0)
        bind("offbeat_journal_degraded", lambda: float(journal is not None and journal.state != "ok"))

    def _bind_scoring(self, parts: Parts) -> None:
        bind, directory, scorer = self._metrics.bind, parts.core.directory, parts.core.engine.scorer
        bind("offbeat_sensors", self._sensors_by_readiness)
        bind("offbeat_sensors_anomalous", self._anomalous_sensors)
        bind("offbeat_sensors_limit", lambda: directory.max_sensors)
        bind("offbeat_rows_scored_total", lambda: self._rows_scored)
        bind("offbeat_windows_scored_total", lambda: self._windows_scored)
        bind(
            "offbeat_windows_superseded_total",
            lambda: sum(group.schedule.superseded for group in parts.core.pipeline.groups),
        )
        bind("offbeat_jobs_shed_total", lambda: self._jobs_shed)
        bind("offbeat_scorer_degraded", lambda: float(isinstance(scorer, FallbackScorer) and scorer.degraded))
        bind(
            "offbeat_model_info",
            lambda: models_by_group(
                {
                    directory.groups[i].name: (one.name, one.version)
                    for i, one in dict(parts.core.artifacts).items()
                },
                scorer.device,
            ),
        )
        bind(
            "offbeat_model_swaps_total",
            lambda: {(result,): count for result, count in parts.exchange.counts.items()},
        )

    def _bind_learning(self, parts: Parts) -> None:
        bind, learner = self._metrics.bind, parts.learner
        bind(
            "offbeat_trainings_total",
            lambda: {(name,): n for name, n in dict(learner.counts.results).items()},
        )
        bind("offbeat_training_seconds_total", lambda: learner.counts.seconds)
        self._bind_by_group("offbeat_training_running", learner, lambda one: one.stage == "training", max)
        self._bind_by_group(
            "offbeat_learning_progress_ratio",
            learner,
            lambda one: 1.0 if one.share is None else one.share,
            min,
        )
        self._bind_by_group(
            "offbeat_next_training_timestamp_seconds", learner, lambda one: one.next_at or 0.0, soonest
        )

    def _bind_by_group(
        self,
        metric: str,
        learner: Learner,
        value: Callable[[GroupLearning], float],
        of_others: Callable[[Iterable[float]], float],
    ) -> None:
        def read() -> dict[tuple[str, ...], float]:
            return series_by_group(
                {name: float(value(one)) for name, one in learner.groups().items()}, of_others
            )

        self._metrics.bind(metric, read)

    def _bind_way_out(self, parts: Parts) -> None:
        bind, publisher = self._metrics.bind, parts.publisher
        source = parts.source
        bind(
            "offbeat_mqtt_connected",
            lambda: {("in",): source.status.connected, ("out",): publisher.statistics().connected},
        )
        bind(
            "offbeat_mqtt_connections_total",
            lambda: {("in",): source.counts.connections, ("out",): publisher.statistics().connections},
        )
        bind("offbeat_episodes_open", self._open_by_kind)
        bind("offbeat_episode_events_total", lambda: {(name,): count for name, count in self._events.items()})
        bind("offbeat_outbox_depth", lambda: publisher.statistics().outbox_depth)
        bind("offbeat_events_published_total", lambda: publisher.statistics().published)
        bind("offbeat_events_refused_total", lambda: publisher.statistics().refused)
        bind(
            "offbeat_events_lost_total",
            lambda: {(why.value,): count for why, count in publisher.statistics().lost.items()},
        )
        bind("offbeat_outbox_degraded", lambda: float(publisher.statistics().degraded))
        bind("offbeat_history_degraded", lambda: float(parts.history.degraded))
        bind("offbeat_history_events_lost_total", lambda: parts.history.lost)
        safety = {"outbox": parts.outbox.safety, "history": parts.history.safety}
        bind(
            "offbeat_syncs_total",
            lambda: {
                (file, result): count for file, one in safety.items() for result, count in one.counts.items()
            },
        )
        bind("offbeat_states_published_total", lambda: publisher.statistics().states_published)
        bind("offbeat_snapshots_total", lambda: parts.store.written)
        bind("offbeat_snapshots_failed_total", lambda: parts.store.failed)
        bind(
            "offbeat_files_quarantined_total",
            lambda: parts.store.quarantined + parts.history.quarantined + publisher.statistics().quarantined,
        )
        bind("offbeat_snapshot_timestamp_seconds", lambda: parts.saver.last_saved_seconds)

    def _reading_ledgers(self, parts: Parts) -> list[Ledger]:
        return [parts.core.decoder.readings, parts.inbox.ledger, *parts.core.pipeline.ledgers()]

    def _open_by_kind(self) -> dict[tuple[str, ...], float]:
        total = np.zeros(len(KINDS))
        assert self._parts is not None
        for group in self._parts.core.pipeline.groups:
            total += group.episodes.is_open(np.arange(group.size)).sum(axis=0)
        return {(kind,): float(count) for kind, count in zip(KINDS, total, strict=True)}

    def _anomalous_sensors(self) -> float:
        assert self._parts is not None
        groups = self._parts.core.pipeline.groups
        return float(sum(group.episodes.is_open(np.arange(group.size)).any(axis=1).sum() for group in groups))

    def _sensors_by_readiness(self) -> dict[tuple[str, ...], float]:
        assert self._parts is not None
        count = sum(map(count_by_readiness, self._parts.core.pipeline.groups), np.zeros(len(Readiness)))
        return {(readiness.name.lower(),): float(count[readiness]) for readiness in Readiness}
