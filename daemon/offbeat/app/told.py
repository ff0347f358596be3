"""What is known of the past beside the readings: episodes, and what people said of learning."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from offbeat.app.core_settings import learning_rules
from offbeat.config.settings import Settings
from offbeat.core import orders
from offbeat.core.orders import Orders, PastEpisode
from offbeat.learn.exclusions import Exclusions
from offbeat.state import order_book, store
from offbeat.state.order_book import OrderBook
from offbeat.state.store import Episode, EpisodeHistory

_UNKNOWN = "unknown"


def orders_of(settings: Settings) -> Orders:
    """Return what people said of learning; the daemon may run meanwhile.

    Raises:
        UnavailableError: it cannot be read.
    """
    path = settings.state.directory / order_book.FILE
    if not path.exists():
        return Orders()
    book = OrderBook(path, visiting=True)
    try:
        return book.orders()
    finally:
        book.close()


def episodes_of(settings: Settings) -> list[Episode]:
    """Return the whole history of episodes, newest first; the daemon may run meanwhile.

    Raises:
        UnavailableError: it cannot be read.
    """
    path = settings.state.directory / store.FILE
    if not path.exists():
        return []
    history = EpisodeHistory(path, visiting=True)
    try:
        return history.recent(sys.maxsize)
    finally:
        history.close()


def forgotten_of(settings: Settings, history: Iterable[Episode]) -> list[Episode]:
    """Return the episodes that were labelled and that the history no longer has, as far as the labels know them.

    Raises:
        UnavailableError: what was said cannot be read.
    """
    labels = orders_of(settings).labelled()
    for one in history:
        labels.pop(one.id, None)
    return [
        Episode(
            id=one.id,
            sensor=one.sensor,
            family=_UNKNOWN,
            kind=one.kind,
            severity=_UNKNOWN,
            opened_at=one.opened_at,
            updated_at=labels[one.id].at,
            closed_at=one.closed_at,
            peak_score=None,
            message="The history no longer has it: this is what its label knows.",
            contributions={},
            streams={},
        )
        for one in orders.episodes_of(labels.values(), learning_rules(settings))
    ]


def exclusions_of(settings: Settings, now: float) -> Exclusions:
    """Return which times nothing may be learnt from, by all that is known at a time.

    Raises:
        UnavailableError: what is known cannot be read: then nothing is learnt, rather than a fault.
    """
    episodes = [
        PastEpisode(one.id, one.sensor, one.kind, one.opened_at, one.closed_at)
        for one in episodes_of(settings)
    ]
    return Exclusions.of(orders_of(settings), episodes, learning_rules(settings), now)
