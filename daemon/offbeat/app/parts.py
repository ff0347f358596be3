"""The parts of a daemon, built and connected but not started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from offbeat import __version__
from offbeat.app.core_building import Core, build_core
from offbeat.app.learner import Learner
from offbeat.app.model_exchange import ModelExchange
from offbeat.app.model_library import library_of
from offbeat.app.questions import Questions
from offbeat.app.scorers import warm_up
from offbeat.app.sensor_reports import SensorReports
from offbeat.app.state_saver import StateSaver
from offbeat.config.settings import Settings
from offbeat.core.work import Work
from offbeat.ingest.held_topics import HeldTopics
from offbeat.ingest.inbox import Inbox
from offbeat.ingest.journal import Journal
from offbeat.ingest.mqtt import MqttSource
from offbeat.ingest.topics import TopicTable
from offbeat.ingest.volatile_log import VolatileLog
from offbeat.learn.library import ModelLibrary
from offbeat.observe.watchdog import Progress
from offbeat.publish.outbox import Outbox
from offbeat.publish.publisher import Publisher
from offbeat.scoring.worker import ScorerThread
from offbeat.state.order_book import FILE as ORDERS
from offbeat.state.order_book import OrderBook
from offbeat.state.snapshots import SnapshotStore
from offbeat.state.store import FILE as EPISODES
from offbeat.state.store import EpisodeHistory

COMMIT_SECONDS = 30.0
"""For events on their way into the outbox: a snapshot that would have to wait longer is left out."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a daemon is made of.

    Attributes:
        core: directory, decoder, pipeline, scorer.
        log: the journal, or what counts offsets where the settings want none.
        source: the way in.
        inbox: between the reader and the loop.
        scorer: the thread that owns the core's scorer.
        exchange: brings other versions of models into the core.
        questions: of other threads to the loop.
        learner: trains models in the background.
        store, saver: snapshots.
        history: episodes, for people.
        orders: what people said of learning.
        outbox, publisher: the way out.
        reports: what is said of sensors on it.
        progress: the pulse of the threads.
    """

    core: Core
    log: Journal | VolatileLog
    source: MqttSource
    inbox: Inbox
    scorer: ScorerThread[Work]
    exchange: ModelExchange
    questions: Questions
    learner: Learner
    store: SnapshotStore
    saver: StateSaver
    history: EpisodeHistory
    orders: OrderBook
    outbox: Outbox
    publisher: Publisher
    reports: SensorReports
    progress: Progress


def build_parts(
    settings: Settings, clock: Callable[[], float], on_scorer_error: Callable[[Exception], None]
) -> Parts:
    """Return the parts as the settings ask for them.

    Args:
        settings: as loaded.
        clock: unix seconds.
        on_scorer_error: called in the scorer thread.

    Raises:
        ConfigError: the artifact or another file named in the settings cannot be used.
        UnavailableError: a device, or the state directory, cannot be had.
    """
    state, progress = settings.state.directory, Progress()
    store = SnapshotStore(state / "snapshots")
    core, inbox = build_core(settings, store.model_of), Inbox(settings.limits.inbox_bytes)
    library = None if settings.model.artifact is not None else library_of(settings)
    questions = Questions(inbox.wake)
    log = Journal(state / "journal", settings.journal) if settings.journal.enabled else VolatileLog()
    outbox = Outbox(state / "outbox.sqlite")
    publisher = Publisher(
        settings.mqtt, settings.alerts, outbox, __version__, on_progress=progress.stage("publisher").beat
    )
    history = EpisodeHistory(state / EPISODES)
    return Parts(
        core=core,
        log=log,
        source=_build_source(settings, log, progress, clock),
        inbox=inbox,
        scorer=ScorerThread(core.engine.scorer, inbox.wake, on_scorer_error),
        exchange=_build_exchange(settings, core, library, inbox),
        questions=questions,
        learner=Learner(settings, core.pipeline, questions, library, clock),
        store=store,
        saver=_build_saver(settings, core, store, publisher, history, log),
        history=history,
        orders=OrderBook(state / ORDERS),
        outbox=outbox,
        publisher=publisher,
        reports=SensorReports(core.pipeline, settings.alerts.state_interval_seconds),
        progress=progress,
    )


def _build_saver(
    settings: Settings,
    core: Core,
    store: SnapshotStore,
    publisher: Publisher,
    history: EpisodeHistory,
    log: Journal | VolatileLog,
) -> StateSaver:
    return StateSaver(
        core.pipeline,
        store,
        core.versions,
        settings.state.snapshot_interval_seconds,
        before_write=lambda: publisher.committed(COMMIT_SECONDS) and history.sync(),
        on_saved=log.commit,
    )


def _build_source(
    settings: Settings, log: Journal | VolatileLog, progress: Progress, clock: Callable[[], float]
) -> MqttSource:
    return MqttSource(
        settings.mqtt,
        TopicTable(settings.sources).subscriptions(),
        log,
        settings.limits.max_payload_bytes,
        on_progress=progress.stage("reader").beat,
        clock=clock,
        held=HeldTopics(settings.state.directory / "subscribed.json"),
    )


def _build_exchange(
    settings: Settings, core: Core, library: ModelLibrary | None, inbox: Inbox
) -> ModelExchange:
    return ModelExchange(
        core,
        library,
        lambda artifact, place: warm_up(artifact, core.pipeline.settings, settings.limits.max_sensors, place),
        inbox.wake,
        prior=settings.model.prior,
    )
