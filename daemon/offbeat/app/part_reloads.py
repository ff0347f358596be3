"""What a reload changes in the parts around the core: the broker's connections, and numbers that parts look up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from offbeat.app.parts import Parts
from offbeat.app.reloading import Change, Prepare
from offbeat.config.settings import MqttSettings, Settings
from offbeat.ingest.journal import Journal
from offbeat.ingest.topics import Subscription, TopicTable
from offbeat.observe.logs import configure
from offbeat.observe.sensor_metrics import SensorPage

GOODBYE_SECONDS = 3.0
"""For the events on their way, before the connection that alerts leave by is exchanged."""


def prepare_way_in(parts: Parts) -> Prepare:
    """Return what prepares another broker or other topics for the source."""

    def prepare(old: Settings, new: Settings) -> Iterable[Change]:
        if _listened_to(old) == _listened_to(new):
            return []
        source = parts.source
        wish = source.wish(*_listened_to(new))
        # Only when it is taken back: a file that the old settings name may be gone, which is why there are new ones.
        return [
            Change(lambda: source.listen_to(wish), lambda: source.listen_to(source.wish(*_listened_to(old))))
        ]

    return prepare


def prepare_learning(parts: Parts) -> Prepare:
    """Return what lets trainings to come know of other sources; after the core, which has their groups."""

    def prepare(old: Settings, new: Settings) -> Iterable[Change]:
        return [Change(partial(parts.learner.learn_by, new), partial(parts.learner.learn_by, old))]

    return prepare


def prepare_way_out(parts: Parts) -> Prepare:
    """Return what prepares another broker or root of the topics for the publisher."""
    publisher = parts.publisher

    def prepare(old: Settings, new: Settings) -> Iterable[Change]:
        if (old.mqtt, old.alerts.root) == (new.mqtt, new.alerts.root):
            return []
        way = publisher.way_out(new.mqtt, new.alerts)
        return [
            Change(
                lambda: publisher.publish_through(way, GOODBYE_SECONDS),
                lambda: publisher.publish_through(publisher.way_out(old.mqtt, old.alerts), GOODBYE_SECONDS),
            )
        ]

    return prepare


def prepare_numbers(parts: Parts, page: SensorPage) -> Prepare:
    """Return what prepares the options that parts only look up."""

    def prepare(old: Settings, new: Settings) -> Iterable[Change]:
        setters: tuple[tuple[Callable[[Settings], object], Callable[[Settings], object]], ...] = (
            (lambda s: s.log, lambda s: configure(s.log)),
            (lambda s: s.metrics.sensors, lambda s: page.choose(s.metrics.sensors)),
            (lambda s: s.limits.inbox_bytes, lambda s: parts.inbox.hold(s.limits.inbox_bytes)),
            (lambda s: s.journal, lambda s: _keep_journal(parts, s)),
            (
                lambda s: s.state.snapshot_interval_seconds,
                lambda s: parts.saver.save_every(s.state.snapshot_interval_seconds),
            ),
            (
                lambda s: s.alerts.state_interval_seconds,
                lambda s: parts.reports.tell_every(s.alerts.state_interval_seconds),
            ),
        )
        return [
            Change(partial(use, new), partial(use, old)) for value, use in setters if value(old) != value(new)
        ]

    return prepare


def _keep_journal(parts: Parts, settings: Settings) -> None:
    if isinstance(parts.log, Journal):
        parts.log.keep(settings.journal)


def _listened_to(settings: Settings) -> tuple[MqttSettings, list[Subscription], int]:
    return settings.mqtt, TopicTable(settings.sources).subscriptions(), settings.limits.max_payload_bytes
