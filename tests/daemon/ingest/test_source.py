"""One suite for every source: the laws of the log that state is a fold of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from offbeat.config.settings import JournalSettings, MqttSettings
from offbeat.errors import UnavailableError
from offbeat.ingest.file import RecordedLog
from offbeat.ingest.journal import Journal
from offbeat.ingest.mqtt import MqttSource
from offbeat.ingest.source import LogBatch, Source
from offbeat.ingest.topics import Subscription
from tests.support.mosquitto import BrokerFactory
from tests.support.publishing import publish
from tests.support.waiting import wait_until

Build = Callable[[list[LogBatch]], Source]


def fill(journal: Journal) -> None:
    """Write batches of several sizes over several segments."""
    for i in range(60):
        journal.append([(f"t/{i}", b"%d" % n, 0x30) for n in range(1 + i % 7)] + [("t/x", bytes(4000), 0)], i)
    assert journal.sync(10.0)


@pytest.fixture(params=["recorded", pytest.param("mqtt", marks=pytest.mark.broker)])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Build]:
    """Build a source of each kind with some history; what it delivers goes to the list."""
    journal = Journal(tmp_path / "journal", JournalSettings(segment_bytes=64 * 1024))
    fill(journal)
    started: list[Source] = []

    def recorded(delivered: list[LogBatch]) -> Source:
        source = RecordedLog(journal.directory)
        source.start(delivered.append)
        return source

    def mqtt(delivered: list[LogBatch]) -> Source:
        start_broker: BrokerFactory = request.getfixturevalue("start_broker")
        broker = start_broker()
        settings = MqttSettings(url=broker.url, client_id="laws")
        source = MqttSource(settings, [Subscription("t/#", 1, False)], journal, 100_000)
        source.start(delivered.append)
        started.append(source)
        wait_until(lambda: source.status.state == "subscribed", what="the subscription")
        publish(broker.port, [("t/live", b"%d" % i) for i in range(50)])
        wait_until(lambda: sum(len(b.messages) for b in delivered) == 51, what="50 messages and the mark")
        assert journal.sync(10.0)
        return source

    yield {"recorded": recorded, "mqtt": mqtt}[request.param]
    for source in started:
        assert source.stop(10.0)
    journal.close()


def test_a_log_tells_the_same_twice_and_skips_nothing(build: Build) -> None:
    """Batches follow each other without a gap, and reading again gives the same ones."""
    delivered: list[LogBatch] = []
    source: Source = build(delivered)
    batches = list(source.read(0))
    assert batches
    assert batches == list(source.read(0))
    for one, following in pairwise(batches):
        assert one.first_offset < one.next_offset == following.first_offset
    assert batches[-1].next_offset == source.next_offset
    assert all(batch.messages for batch in batches)


def test_reading_on_from_any_batch_gives_exactly_the_rest(build: Build) -> None:
    """A snapshot's offset is all that has to be known to go on."""
    source = build([])
    batches = list(source.read(0))
    for i in range(0, len(batches), 7):
        assert list(source.read(batches[i].next_offset)) == batches[i + 1 :]


def test_what_was_delivered_is_in_the_log(build: Build) -> None:
    """Live batches and their replay are the same, offset, arrival and all."""
    delivered: list[LogBatch] = []
    source = build(delivered)
    batches = list(source.read(0))
    assert all(batch in batches for batch in delivered)


def test_a_commit_takes_nothing_away_that_lies_behind_it(build: Build) -> None:
    """What a snapshot does not hold stays readable."""
    source = build([])
    batches = list(source.read(0))
    middle = batches[len(batches) // 2].first_offset
    source.commit(middle)
    assert list(source.read(middle)) == batches[len(batches) // 2 :]


def test_a_recorded_log_reads_beside_its_writer(tmp_path: Path) -> None:
    """A record that is half written is not damage, and what is whole is there."""
    journal = Journal(tmp_path, JournalSettings())
    journal.append([("t", b"1", 0)], 0.0)
    assert journal.sync(10.0)
    source = RecordedLog(tmp_path)
    with next(tmp_path.glob("*.journal")).open("ab") as file:
        file.write(b"OBJ1 half")
    assert [batch.messages for batch in source.read(0)] == [[("t", b"1", 0)]]
    assert source.damaged_bytes == 0
    journal.close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message says what was expected."""
    with pytest.raises(UnavailableError, match=r"there is no journal in .*none"):
        RecordedLog(tmp_path / "none")
