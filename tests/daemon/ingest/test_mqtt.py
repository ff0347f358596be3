"""The source against a real broker: what is heard, what is acknowledged, and what survives outages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from offbeat.config.settings import JournalSettings
from offbeat.ingest.bulk_reader import BulkClient, ReadingClient
from offbeat.ingest.journal import REFUSED, Journal
from offbeat.ingest.source import DEAF, DUPLICATE, LISTENING, OVERSIZE, RETAINED, LogBatch, RawMessage
from offbeat.ingest.volatile_log import VolatileLog
from tests.support.listening import MAX_PAYLOAD, HeldLog, Listen
from tests.support.mosquitto import Broker, BrokerFactory
from tests.support.publishing import publish
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


def numbered(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    """Return messages on a few topics whose payloads count up."""
    return [(f"t/{i % 7}", b"%d" % i) for i in range(first, first + count)]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("kind", [BulkClient, ReadingClient], ids=["bulk", "stock"])
def test_messages_come_whole_in_order_and_once(
    broker: Broker, listener: Listen, protocol: str, qos: int, kind: type[ReadingClient]
) -> None:
    """Every message arrives with its topic, payload and flags, read in bulk or by paho's own callbacks."""
    heard = listener(broker.url, qos=qos, protocol=protocol, client_kind=kind).listen()
    sent = numbered(3000)
    publish(broker.port, sent, qos=qos)
    messages = heard.wait_for_count(3000)
    assert [(topic, payload) for topic, payload, _ in messages] == sent
    assert {flags for _, _, flags in messages} == {0x30 | qos << 1}
    assert heard.source.status.protocol == protocol
    assert heard.source.counts.messages == 3000
    assert heard.source.alive()


def test_the_newest_version_is_spoken_first(broker: Broker, listener: Listen) -> None:
    """Without a setting MQTT 5 is tried, and mosquitto speaks it."""
    assert listener(broker.url).listen().source.status.protocol == "5"


def test_after_a_restart_of_the_broker_the_subscription_is_made_again(
    broker: Broker, listener: Listen
) -> None:
    """A broker that forgot everything is asked anew, and readings go on."""
    heard = listener(broker.url).listen()
    broker.stop()
    heard.wait_for("disconnected")
    assert heard.source.status.reason
    broker.start()
    heard.wait_for("subscribed")
    publish(broker.port, numbered(5))
    heard.wait_for_count(5)
    assert heard.source.counts.connections == 2
    assert heard.marks == [LISTENING, DEAF, LISTENING]


class KeptLog(VolatileLog):
    """A log in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[LogBatch] = []

    def append(self, messages: list[RawMessage], arrival_seconds: float) -> int:
        """Keep messages."""
        first, following = self.next_offset, super().append(messages, arrival_seconds)
        self.batches.append(LogBatch(first, following, arrival_seconds, messages))
        return following


@pytest.mark.parametrize("by", [3600.0, -3600.0], ids=["forward", "back"])
def test_a_clock_that_was_set_is_written_down_before_what_comes_by_it(
    broker: Broker, listener: Listen, by: float
) -> None:
    """Of the time before it means nothing: in the log, too, nobody was silent for as long as it was set."""
    log, ahead = KeptLog(), [0.0]
    heard = listener(broker.url, log=log, clock=lambda: time.time() + ahead[0]).listen()
    for count in (1, 2, 3):
        publish(broker.port, numbered(1))
        heard.wait_for_count(count)
        if count == 1:
            before, ahead[0] = time.time(), by
    assert [one.listening_since is not None for one in log.batches] == [True, False, True, False, False]
    assert log.batches[2].arrival_seconds == pytest.approx(before + by, abs=60.0)
    assert log.batches[3].arrival_seconds >= log.batches[2].arrival_seconds


def test_a_daemon_that_starts_before_its_broker_finds_it_later(broker: Broker, listener: Listen) -> None:
    """The order in which services start does not matter."""
    broker.stop()
    heard = listener(broker.url).start()
    reason = heard.wait_for("disconnected").reason
    wait_until(lambda: "nothing listens" in heard.source.status.reason, what=reason)
    broker.start()
    heard.wait_for("subscribed")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("kind", [BulkClient, ReadingClient], ids=["bulk", "stock"])
def test_nothing_is_acknowledged_before_it_is_durable(
    broker: Broker, listener: Listen, protocol: str, kind: type[ReadingClient]
) -> None:
    """A daemon that dies with messages not yet on disk gets them again; once durable they are gone."""
    settings = {"protocol": protocol, "persistent_session": True, "client_kind": kind}
    log = HeldLog()
    first = listener(broker.url, log=log, **settings).listen()
    publish(broker.port, numbered(15))
    first.wait_for_count(15)
    assert not first.stop()
    second_log = HeldLog()
    second = listener(broker.url, log=second_log, **settings).listen()
    again = second.wait_for_count(15)
    assert [payload for _, payload, _ in again] == [b"%d" % i for i in range(15)]
    assert all(flags & DUPLICATE for _, _, flags in again)
    assert second.source.status.session_present
    second_log.release()
    publish(broker.port, numbered(1, first=99))
    second.wait_for_count(16)
    second_log.release()
    wait_until(lambda: broker.log.count("Received PUBACK from listener") >= 16, what="the acknowledgements")
    second.stop()
    third = listener(broker.url, **settings).listen()
    publish(broker.port, numbered(1, first=500))
    third.wait_for_count(1)
    assert third.payloads == [b"500"]


def test_a_stop_under_load_loses_nothing_that_the_broker_had(
    broker: Broker, listener: Listen, tmp_path: Path
) -> None:
    """What was acknowledged is in the journal, what was not comes again: together it is everything."""
    seen: set[bytes] = set()
    for turn in range(3):
        journal = Journal(tmp_path / "journal", JournalSettings())
        heard = listener(broker.url, log=journal, persistent_session=True).listen()
        publish(broker.port, numbered(2000, first=2000 * turn))
        assert heard.stop()
        journal.close()
    journal = Journal(tmp_path / "journal", JournalSettings())
    last = listener(broker.url, log=journal, persistent_session=True).listen()

    def everything() -> bool:
        heard = [batch for batch in journal.read(0) if batch.listening_since is None]
        seen.update(payload for batch in heard for _, payload, _ in batch.messages)
        return len(seen) == 6000

    wait_until(everything, 20.0, "all messages to be in the journal")
    assert last.stop()
    journal.close()


class FullLog(HeldLog):
    """A log that has room for one batch that is not yet durable."""

    def append(self, messages: list[RawMessage], arrival_seconds: float) -> int:
        """Refuse while something waits for the disk."""
        if messages == [LISTENING]:
            self.durable = super().append(messages, arrival_seconds)
            return self.durable
        if self.next_offset > self.durable:
            return REFUSED
        return super().append(messages, arrival_seconds)

    durable = 0

    def release(self) -> None:
        """Make room."""
        self.durable = self.next_offset
        super().release()


def test_what_the_journal_refused_is_delivered_again_when_it_has_room(
    broker: Broker, listener: Listen
) -> None:
    """Refused messages are never acknowledged; the reader asks for them by connecting anew."""
    log = FullLog()
    heard = listener(broker.url, log=log, persistent_session=True).listen()
    publish(broker.port, numbered(1))
    heard.wait_for_count(1)
    publish(broker.port, numbered(9, first=1))
    heard.wait_for_count(10)
    assert "Received PUBACK from listener" not in broker.log
    log.release()
    again = heard.wait_for_count(19)[10:]
    assert [payload for _, payload, _ in again] == heard.payloads[1:10]
    assert heard.source.counts.connections == 2


def test_retained_messages_come_only_if_they_are_wanted(broker: Broker, listener: Listen) -> None:
    """A broker of MQTT 5 is asked to keep them to itself; with 3.1.1 they are marked."""
    publish(broker.port, [("t/old", b"old")], retain=True)
    quiet = listener(broker.url, client_id="quiet").listen()
    marked = listener(broker.url, client_id="marked", protocol="3.1.1").listen()
    asked = listener(broker.url, client_id="asked", retained=True).listen()
    publish(broker.port, [("t/new", b"new")])
    assert [flags & RETAINED for _, _, flags in marked.wait_for_count(2)] == [1, 0]
    assert [flags & RETAINED for _, _, flags in asked.wait_for_count(2)] == [1, 0]
    quiet.wait_for_count(1)
    assert quiet.payloads == [b"new"]


def test_a_payload_beyond_the_limit_is_left_out_and_marked(broker: Broker, listener: Listen) -> None:
    """It is acknowledged and counted, but neither kept in memory nor written down."""
    heard = listener(broker.url).listen()
    publish(broker.port, [("t/big", b"x" * (MAX_PAYLOAD + 1)), ("t/fit", b"y" * MAX_PAYLOAD), ("t/0", b"")])
    messages = heard.wait_for_count(3)
    assert [(t, len(p), bool(f & OVERSIZE)) for t, p, f in messages] == [
        ("t/big", 0, True), ("t/fit", MAX_PAYLOAD, False), ("t/0", 0, False),
    ]  # fmt: skip


def test_a_receiver_that_fails_stops_neither_the_reader_nor_the_others(
    broker: Broker, listener: Listen
) -> None:
    """The exception is counted, and the next batch is delivered."""

    def fail(_batch: LogBatch) -> None:
        raise RuntimeError("no")

    heard = listener(broker.url, deliver=fail).listen()
    for i in range(3):
        publish(broker.port, numbered(1, first=i))
        heard.wait_for_count(i + 1)
    assert heard.source.counts.delivery_failures == 3
    assert heard.source.alive()


def test_a_broker_that_freezes_is_noticed(broker: Broker, listener: Listen) -> None:
    """A connection that is open but dead ends after the keepalive, and the reader comes back (telegraf PR#18167)."""
    heard = listener(broker.url, keepalive_seconds=1.0).listen()
    broker.pause()
    try:
        heard.wait_for("disconnected", "connecting", timeout_seconds=20.0)
    finally:
        broker.resume()
    heard.wait_for("subscribed")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_two_daemons_of_one_name_are_told_so(broker: Broker, listener: Listen, protocol: str) -> None:
    """They throw each other out: after a few times the reason is said, and they slow down."""
    one = listener(broker.url, protocol=protocol, reconnect_max_seconds=5.0).listen()
    two = listener(broker.url, protocol=protocol, reconnect_max_seconds=5.0).start()

    def suspected() -> bool:
        said = [status.reason for status in one.history + two.history]
        return any('another client probably uses the id "listener"' in reason for reason in said)

    wait_until(suspected, 20.0, "the reason to be found")


def test_a_small_window_does_not_make_the_reader_wait_for_the_interval(
    start_broker: BrokerFactory, listener: Listen, tmp_path: Path
) -> None:
    """MQTT 3.1.1 knows no receive maximum: twenty messages, then the broker waits for acknowledgements."""
    broker = start_broker("max_queued_messages 0\nmax_inflight_messages 20")
    journal = Journal(tmp_path / "journal", JournalSettings(fsync_interval_seconds=5.0))
    heard = listener(broker.url, log=journal, protocol="3.1.1").listen()
    publish(broker.port, numbered(100))
    heard.wait_for_count(100)
    heard.stop()
    journal.close()
