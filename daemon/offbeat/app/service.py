"""The daemon's life: start from the way out to the way in, run, drain, stop.

Start: artifact, HTTP, state and log, publisher, loop, broker, READY.
Stop: reader, inbox and scorer drained, snapshots, outbox, "offline", the rest.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import structlog

from offbeat.app.api_answers import Status
from offbeat.app.core_reload import CoreReload
from offbeat.app.drop_log import DropLog
from offbeat.app.instruments import Instruments
from offbeat.app.live_pages import LivePages
from offbeat.app.loop import Loop
from offbeat.app.orphans import close_orphans, close_untold, forget_closed
from offbeat.app.part_reloads import prepare_learning, prepare_numbers, prepare_way_in, prepare_way_out
from offbeat.app.parts import build_parts
from offbeat.app.questions import Questions
from offbeat.app.recovery import recover
from offbeat.app.reloading import Reloading, Reread
from offbeat.app.scorer_pulse import SCORER_GRACE_SECONDS, ScorerPulse
from offbeat.app.sensor_columns import sensor_columns
from offbeat.app.web import Web
from offbeat.config.settings import Settings
from offbeat.core.decisions import Decisions
from offbeat.errors import OffbeatError
from offbeat.ingest.source import LogBatch
from offbeat.observe.pages import build_pages
from offbeat.observe.sd_notify import Notifier, watchdog_seconds
from offbeat.observe.sensor_metrics import SensorPage
from offbeat.observe.thread_names import threads_named
from offbeat.observe.watchdog import Watchdog
from offbeat.state.running import RunningSettings

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_TOLD = {"open": "an episode opened", "close": "an episode closed"}

DRAIN_SECONDS = 20.0
"""Time for the way down; TimeoutStopSec of the unit must be longer."""
LEARNER_SECONDS = 2.0
"""Time to end a training that runs; it leaves nothing behind."""
LOOK_SECONDS = 0.1
BROKER_PATIENCE_SECONDS = 30.0
"""Without a broker for so long, systemd is told that the service is up all the same: it waits, it has not failed."""
FORCE_AFTER_SECONDS = 1.0
"""Supervisors may send a signal to the process and to its group: the same one twice is no impatience."""
STATUS_SECONDS = 10.0


class Service:
    """One daemon.

    Args:
        settings: as loaded.
        clock: unix seconds.
        reread: reads the configuration anew when SIGHUP asks for it; without it SIGHUP does nothing.

    Raises:
        ConfigError: the artifact or another file named in the settings cannot be used.
        UnavailableError: a port, a device or the state directory cannot be had.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.time, reread: Reread | None = None
    ) -> None:
        self._clock = clock
        self._stopping = threading.Event()
        self._reload_asked = threading.Event()
        self._unready = "starting"
        self._loop_started = self._told_systemd = False
        self._started_at = 0.0
        self._labels: dict[str, str] = {}
        self._drops = DropLog()
        self._notifier = Notifier.from_environment()
        self._instruments = Instruments(clock)
        self._settings = settings
        self._running = RunningSettings(settings.state.directory)
        self._parts = parts = build_parts(settings, clock, self._instruments.scorer_failed)
        self._loop = self._build_loop(settings)
        sensors = SensorPage(
            lambda: parts.questions.ask(lambda: sensor_columns(parts.core.pipeline)), settings.metrics.sensors
        )
        self._instruments.bind(parts, sensors, lambda: not self._unready)
        self._live, self._web = self._build_web(settings, sensors)
        self._at_rest = Questions(parts.inbox.wake)
        self._core_reload = self._build_core_reload()
        self._reloading = self._build_reloading(settings, reread, sensors) if reread else None
        every = watchdog_seconds()
        self._watchdog = Watchdog(
            parts.progress,
            self._notifier,
            self._instruments.status_line,
            min(every or STATUS_SECONDS, STATUS_SECONDS) / 2,
        )

    def _build_loop(self, settings: Settings) -> Loop:
        parts = self._parts
        own, scorers = parts.progress.stage("loop"), parts.progress.stage("scorer", SCORER_GRACE_SECONDS)
        pulse = ScorerPulse(parts.scorer, scorers)

        def beat() -> None:
            own.beat()
            pulse.look()

        return Loop(
            parts.core.pipeline,
            parts.inbox,
            parts.scorer,
            act=self._act,
            housekeeping=self._keep_house,
            clock=self._clock,
            timer=time.monotonic,
            window_delay_seconds=settings.model.batch_delay_seconds,
            window_limit=settings.model.batch_windows,
            questions=parts.questions,
            beat=beat,
            on_answer=self._instruments.answered,
            exchange=parts.exchange,
        )

    def _build_web(self, settings: Settings, sensors: SensorPage) -> tuple[LivePages | None, Web | None]:
        if not settings.metrics.listen:
            return None, None
        parts = self._parts
        live = LivePages(
            parts.core.pipeline, parts.questions, parts.history, self._status, lambda: self._labels
        )
        pages = build_pages(
            self._instruments.registry, sensors.page(), lambda: self._unready, self._why_unhealthy
        )
        return live, Web(settings.metrics, pages | live.pages())

    def _build_core_reload(self) -> CoreReload:
        parts = self._parts
        return CoreReload(
            parts.core,
            parts.store,
            parts.saver,
            parts.history,
            self._at_rest,
            lambda: parts.log.next_offset,
            self._instruments.add_stage,
        )

    def run(self) -> None:
        """Start, run until a signal or a failure, stop.

        Raises:
            OffbeatError: a part failed for good; the message names it.
        """
        with self._signals(), threads_named():
            try:
                self._start()
                while not self._stopping.wait(LOOK_SECONDS):
                    if self._reload_asked.is_set():
                        self._reload()
                    self._look()
            finally:
                self._shut_down()

    def request_stop(self) -> None:
        """Ask for the way down; safe from any thread."""
        self._stopping.set()

    def _build_reloading(self, settings: Settings, reread: Reread, sensors: SensorPage) -> Reloading:
        parts = self._parts
        # The core next to last: what is asked of the broker then finds a decoder that knows what to make of it.
        prepare = [
            *([self._web.prepare] if self._web else []),
            prepare_numbers(parts, sensors),
            prepare_way_out(parts),
            self._core_reload.prepare,
            prepare_learning(parts),
            prepare_way_in(parts),
        ]
        return Reloading(settings, reread, prepare, self._instruments.reloads, self._clock)

    def _reload(self) -> None:
        self._reload_asked.clear()
        if self._reloading is None:
            return
        if self._told_systemd:
            self._notifier.reloading()
        if self._reloading.reload():
            self._keep_running(self._reloading.settings)
        if self._told_systemd:
            self._notifier.ready(self._instruments.status_line())

    def _keep_running(self, settings: Settings) -> None:
        try:
            self._running.keep(settings)
        except OSError as error:
            _log.warning("commands cannot know by what the daemon runs", reason=str(error))

    def _start(self) -> None:
        parts = self._parts
        self._hear_orders()
        if self._web:
            self._web.start()
        self._keep_running(self._settings)
        self._watchdog.start()
        self._unready = "restoring state"
        self._act(Decisions(close_untold(parts.history, parts.outbox.unclosed())))
        self._loop.offset = recover(
            parts.core, parts.store, parts.log, self._act, lambda: self._notifier.extend_timeout(30)
        )
        for state in parts.core.pipeline.groups:
            forget_closed(state, parts.history)
        self._act(Decisions(close_orphans(parts.core.pipeline, parts.history, self._clock())))
        parts.publisher.start()
        parts.saver.start()
        parts.scorer.start()
        self._loop.start()
        self._loop_started = True
        parts.exchange.start()
        parts.learner.start()
        parts.source.start(self._deliver)
        self._unready = "connecting to the broker"
        self._started_at = time.monotonic()

    def _look(self) -> None:
        if self._loop.failure is not None:
            raise OffbeatError(f"the loop failed: {self._loop.failure!r}") from self._loop.failure
        if not (self._loop.alive and self._parts.scorer.alive):
            raise OffbeatError("a thread ended that must not end; the log says why")
        decoder = self._parts.core.decoder
        self._drops.look(decoder.ledger, decoder.refused, time.monotonic())
        status = self._parts.source.status
        why = "" if status.state == "subscribed" else status.reason or "connecting to the broker"
        if not why or time.monotonic() - self._started_at > BROKER_PATIENCE_SECONDS:
            self._tell_systemd()
        if why == self._unready:
            return
        if not why:
            _log.info("ready", sensors=len(self._parts.core.directory), protocol=status.protocol)
        self._unready = why

    def _tell_systemd(self) -> None:
        if not self._told_systemd:
            self._told_systemd = True
            self._notifier.ready(self._instruments.status_line())

    def _deliver(self, batch: LogBatch) -> None:
        if (since := batch.listening_since) is not None:
            self._parts.core.pipeline.listen(since)
        if readings := self._parts.core.decoder.decode(batch):
            self._parts.inbox.put(readings)
        else:
            self._parts.inbox.passed(batch.next_offset)

    def _act(self, decisions: Decisions) -> None:
        if decisions.events:
            self._parts.history.record(decisions.events)
            self._parts.publisher.publish(decisions.events)
            for event in decisions.events:
                if event.event in _TOLD:
                    _log.info(
                        _TOLD[event.event],
                        sensor=event.sensor,
                        kind=event.kind,
                        id=event.id,
                        text=event.message,
                    )
        if self._live:
            self._live.decided(decisions)
        self._parts.reports.note(decisions)
        self._parts.learner.decided(decisions)
        self._instruments.decided(decisions)

    def _hear_orders(self) -> None:
        """Let the core know what people said of learning since the last look."""
        if (orders := self._parts.orders.news()) is not None:
            self._parts.core.pipeline.order(orders)
            self._labels = {episode: label.what for episode, label in orders.labelled().items()}
            if orders.freezes or orders.labels:
                frozen = sum(one.holds_at(self._clock()) for one in orders.freezes)
                _log.info(
                    "heard what is said of learning", freezes_in_effect=frozen, labels=len(self._labels)
                )

    def _keep_house(self, now: float) -> None:
        self._hear_orders()
        self._at_rest.answer_all()
        self._act(self._core_reload.settle(self._loop.offset, now))
        if self._live:
            self._live.beat()
        self._tell_of_sensors()
        self._parts.saver.save_due(now, time.monotonic(), self._loop.offset)

    def _tell_of_sensors(self) -> None:
        publisher = self._parts.publisher
        reports = self._parts.reports.take(time.monotonic(), publisher.connection, publisher.states_waiting)
        publisher.put_states(reports)

    def _status(self) -> Status:
        return self._instruments.status(self._unready)

    def _why_unhealthy(self) -> str:
        stalled = self._parts.progress.stalled(time.monotonic())
        return ", ".join(f"{stage} has stood still for {seconds:.0f} s" for stage, seconds in stalled.items())

    def _shut_down(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        self._unready = "stopping"
        self._notifier.stopping("draining")
        # Last in, first out, and whatever one part does on its way down, the others go down too.
        with ExitStack() as then:
            then.callback(self._notifier.close)
            then.callback(self._running.close)
            if self._web:
                then.callback(self._web.stop)
            if self._live:
                then.callback(self._live.close)
            then.callback(self._watchdog.stop)
            then.callback(self._parts.history.close)
            then.callback(self._parts.orders.close)
            then.callback(self._parts.log.close, 1.0)
            then.callback(lambda: self._parts.publisher.stop(_share(deadline, 1.0)))
            self._drain(deadline)

    def _drain(self, deadline: float) -> None:
        parts = self._parts
        parts.source.stop(_share(deadline, 0.25))
        parts.learner.stop(LEARNER_SECONDS)
        parts.exchange.stop(0.5)
        drained = self._loop_started and self._loop.drain(_share(deadline, 0.5))
        parts.scorer.stop(1.0)
        if drained and self._loop.failure is None:
            parts.saver.save_all(self._loop.offset)
            parts.saver.stop(_share(deadline, 0.5))
        _log.info("stopped", drained=drained, readings_left=parts.inbox.statistics().depth_readings)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT ask for the way down, SIGHUP for a reload once the start is over.

        A later second signal of the first kind ends the process at once.
        """
        asked_at = -FORCE_AFTER_SECONDS

        def ask(number: int, _frame: object) -> None:
            nonlocal asked_at
            if not self._stopping.is_set():
                asked_at = time.monotonic()
            elif time.monotonic() - asked_at >= FORCE_AFTER_SECONDS:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.request_stop()

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        hangup = signal.SIG_IGN if self._reloading is None else lambda *_: self._reload_asked.set()
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, hangup)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _share(deadline: float, part: float) -> float:
    """Return a part of the time that is left, and at least half a second."""
    return max(0.5, part * (deadline - time.monotonic()))
