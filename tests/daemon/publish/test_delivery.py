"""What is sent when, and what happens to answers; with a session that only writes down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from offbeat.core.events import EpisodeEvent
from offbeat.link.session import Acknowledgement, Session
from offbeat.publish.delivery import MOST_IN_FLIGHT, RETRY_SECONDS, UNANSWERED_SECONDS, Delivery, Tally
from offbeat.publish.event_json import from_json
from offbeat.publish.outbox import Lost, Outbox
from offbeat.publish.topic_names import TopicNames
from tests.support.disk import no_file_beyond
from tests.support.events import an_event, events_of

NOT_AUTHORISED, TOPIC_INVALID = 0x87, 0x90


class WritingSession:
    """A session whose broker is the test."""

    def __init__(self, **limits: int) -> None:
        self.limits = limits
        self.alive = True
        self.sent: list[EpisodeEvent] = []

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool, properties: object) -> int | None:
        """Write a message down; its id is its place."""
        if not self.alive:
            return None
        assert (qos, retain, topic) == (1, False, f"offbeat/alerts/{from_json(payload).sensor}")
        self.sent.append(from_json(payload))
        return len(self.sent)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    made = Outbox(tmp_path / "outbox.sqlite")
    yield made
    made.close()


def deliver(outbox: Outbox, session: WritingSession) -> Delivery:
    """Return a delivery through a session."""
    return Delivery(outbox, TopicNames("offbeat"), cast(Session, session), Tally(), clock=lambda: 1000.0)


def answers(*mids: int, code: int = 0) -> list[Acknowledgement]:
    """Return what a broker says to messages."""
    return [Acknowledgement(mid, code, "said the test") for mid in mids]


def test_no_more_events_fly_than_the_broker_allows(outbox: Outbox) -> None:
    """Each answer makes room for the next, in order."""
    outbox.add(events_of("a", 30))
    session = WritingSession(ReceiveMaximum=4)
    delivery = deliver(outbox, session)
    assert delivery.fill(0.0) == 4
    assert delivery.fill(0.0) == 0
    delivery.settle(answers(1, 2), 0.0)
    assert outbox.depth == 28
    assert delivery.fill(0.0) == 2
    assert [event.updated_at for event in session.sent] == [1_700_000_000.0 + i for i in range(6)]


def test_a_broker_that_names_no_limit_gets_the_usual_number(outbox: Outbox) -> None:
    """And one that names a large one, too."""
    outbox.add(events_of("a", 50))
    assert deliver(outbox, WritingSession()).fill(0.0) == MOST_IN_FLIGHT
    assert deliver(outbox, WritingSession(ReceiveMaximum=65_535)).fill(0.0) == MOST_IN_FLIGHT


def test_an_event_stays_in_the_outbox_until_its_own_answer(outbox: Outbox) -> None:
    """Answers to other messages, such as the birth message, mean nothing."""
    outbox.add(events_of("a", 1))
    delivery = deliver(outbox, WritingSession())
    delivery.fill(0.0)
    delivery.settle(answers(99), 0.0)
    assert outbox.depth == 1
    delivery.settle(answers(1), 0.0)
    assert outbox.depth == 0


def test_no_matching_subscribers_is_no_refusal(outbox: Outbox) -> None:
    """MQTT 5 says so with a code below 0x80."""
    outbox.add(events_of("a", 1))
    delivery = deliver(outbox, WritingSession())
    delivery.fill(0.0)
    delivery.settle(answers(1, code=0x10), 0.0)
    assert outbox.depth == 0


def test_a_refused_event_is_tried_again_later_and_holds_only_its_own_sensor(outbox: Outbox) -> None:
    """Younger events of that sensor wait for it, so that they arrive in order."""
    outbox.add(events_of("bad", 2))
    session = WritingSession(ReceiveMaximum=1)
    delivery = deliver(outbox, session)
    delivery.fill(0.0)
    delivery.settle(answers(1, code=NOT_AUTHORISED), 0.0)
    outbox.add(events_of("good", 1))
    delivery.fill(1.0)
    delivery.settle(answers(2), 1.0)
    assert [event.sensor for event in session.sent] == ["bad", "good"]
    assert delivery.fill(RETRY_SECONDS - 1.0) == 0
    assert delivery.fill(RETRY_SECONDS) == 1
    delivery.settle(answers(3), RETRY_SECONDS)
    delivery.fill(RETRY_SECONDS)
    assert [(e.sensor, e.event) for e in session.sent[2:]] == [("bad", "open"), ("bad", "update")]


def test_what_will_always_be_refused_is_lost_and_counted(outbox: Outbox) -> None:
    """It must not come back for ever."""
    outbox.add(events_of("a", 2))
    delivery = deliver(outbox, WritingSession())
    delivery.fill(0.0)
    delivery.settle([*answers(1, code=TOPIC_INVALID), *answers(2)], 0.0)
    assert outbox.depth == 0
    assert outbox.lost[Lost.REFUSED] == 1


def test_an_event_larger_than_the_broker_takes_does_not_block_the_others(outbox: Outbox) -> None:
    """Sent all the same, it would end every connection."""
    outbox.add(
        [an_event(id="large", message="x" * 5000, updated_at=1.0), an_event(id="small", updated_at=2.0)]
    )
    session = WritingSession(MaximumPacketSize=2000)
    assert deliver(outbox, session).fill(0.0) == 2
    assert [event.updated_at for event in session.sent] == [2.0]
    assert outbox.lost[Lost.REFUSED] == 1


def test_a_new_session_begins_with_the_oldest_unanswered_event(outbox: Outbox) -> None:
    """What the last connection took with it is sent again."""
    outbox.add(events_of("a", 3))
    first = WritingSession()
    delivery = deliver(outbox, first)
    delivery.fill(0.0)
    delivery.settle(answers(1), 0.0)
    second = WritingSession()
    deliver(outbox, second).fill(0.0)
    assert second.sent == first.sent[1:]


def test_a_lost_connection_ends_sending(outbox: Outbox) -> None:
    """Nothing is taken for sent."""
    outbox.add(events_of("a", 3))
    session = WritingSession()
    session.alive = False
    delivery = deliver(outbox, session)
    assert delivery.fill(0.0) == 0
    assert delivery.in_flight == 0


def test_a_broker_that_answers_nothing_is_noticed(outbox: Outbox) -> None:
    """By the oldest event that flies."""
    outbox.add(events_of("a", 1))
    delivery = deliver(outbox, WritingSession())
    assert not delivery.stuck(1e9)
    delivery.fill(0.0)
    assert not delivery.stuck(UNANSWERED_SECONDS)
    assert delivery.stuck(UNANSWERED_SECONDS + 1.0)


def test_what_is_decided_after_a_disk_had_hiccups_is_sent_on_the_same_connection(
    outbox: Outbox, tmp_path: Path
) -> None:
    """An event that had to wait in memory must not make the delivery pass over those in the file."""
    session = WritingSession()
    delivery = deliver(outbox, session)
    outbox.add([an_event(id="before", updated_at=1.0)])
    written = (tmp_path / "outbox.sqlite-wal").stat().st_size
    with no_file_beyond(written):
        outbox.add([an_event(id="in memory", updated_at=2.0)])
        assert outbox.degraded
        assert delivery.fill(0.0) == 2
    outbox.add([an_event(id="after", updated_at=3.0)])
    assert not outbox.degraded
    delivery.fill(1.0)
    assert "after" in {event.id for event in session.sent}
