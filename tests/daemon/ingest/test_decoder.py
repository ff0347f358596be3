"""The decoder: every message becomes readings or a count with a reason, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.config.settings import LimitSettings, SourceSettings, TimeSettings
from offbeat.core.ledger import Drop
from offbeat.core.sensors import UNIVARIATE
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.source import OVERSIZE, LogBatch, RawMessage

NOW = 1_700_000_000.0
QOS1 = 0x32


class Bench:
    """A decoder and what came out of it, by sensor id."""

    def __init__(self, *sources: SourceSettings, **limits: Any) -> None:
        self.directory = directory_of(sources, int(limits.get("max_sensors", 1000)))
        self.decoder = Decoder(sources, self.directory, LimitSettings(**limits))
        self.offset = 0

    def feed(self, *messages: RawMessage, now: float = NOW) -> list[tuple[str, str, float, float]]:
        """Return (sensor, channel, time, value) of each reading, and check that nothing is lost."""
        first, self.offset = self.offset, self.offset + 100
        batches = self.decoder.decode(LogBatch(first, self.offset, now, list(messages)))
        out = []
        for batch in batches:
            assert batch.offset == self.offset
            assert (batch.arrival_seconds == now).all()
            group = self.directory.groups[batch.group]
            columns = (batch.sensor, batch.channel, batch.time_seconds, batch.value)
            for slot, channel, time, value in zip(*(c.tolist() for c in columns), strict=True):
                out.append((group.ids[slot], group.channels[channel], time, value))
        assert self.decoder.readings.accepted >= len(out)
        return out

    def one(self, payload: bytes | dict[str, Any], topic: str = "t/s", flags: int = QOS1) -> Any:
        """Feed one message."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.feed((topic, body, flags))

    def dropped(self) -> dict[str, int]:
        """Return what was refused of messages and of readings, by reason."""
        ledgers = (self.decoder.ledger, self.decoder.readings)
        return {
            f"{ledger.unit}:{reason}": count
            for ledger in ledgers
            for reason, count in ledger.dropped.items()
            if count
        }


def source(topic: str = "t/{s}", *, time: str | None = None, **settings: Any) -> SourceSettings:
    """Return a source; `time` names the time field."""
    return SourceSettings(topic=topic, time=TimeSettings(field=time), **settings)


def test_a_plain_number_is_a_reading_of_its_sensor_at_arrival() -> None:
    """The simplest payload there is."""
    assert Bench(source()).one(b" 21.5\n") == [("s", "value", NOW, 21.5)]


def test_each_numeric_field_is_a_sensor_of_its_own() -> None:
    """Named by the base and the field; a field called value is the base itself."""
    bench = Bench(source(time="ts"))
    payload = {
        "ts": NOW - 1,
        "value": 1,
        "pump": {"rpm": 2.5, "on": True},
        "name": "x",
        "list": [1],
        "n": "7",
    }
    assert bench.one(payload) == [
        ("s", "value", NOW - 1, 1.0), ("s.pump.rpm", "value", NOW - 1, 2.5),
        ("s.pump.on", "value", NOW - 1, 1.0), ("s.n", "value", NOW - 1, 7.0),
    ]  # fmt: skip
    assert bench.decoder.ledger.accepted == 1


def test_the_same_sensors_come_of_both_readers() -> None:
    """The typed reader and the general one agree on values, times and ids."""
    fields = source(time="ts", include=("value", "rpm"))
    globs = source(time="ts", include=("v*", "rpm"))
    for payload in (
        {"ts": NOW - 1, "value": 1, "rpm": 2.5, "other": 3},
        {"ts": (NOW - 1) * 1e3, "value": 1},
        {"ts": "2023-11-14T22:13:19Z", "rpm": -1},
        {"rpm": 1},
        {"ts": NOW, "value": None, "rpm": "ON"},
        {"ts": NOW},
        {"ts": "later", "value": 1},
    ):
        a, b = Bench(fields), Bench(globs)
        assert a.one(payload) == b.one(payload)
        assert a.decoder.ledger.dropped == b.decoder.ledger.dropped


def test_channels_share_one_sensor() -> None:
    """The fields named as channels are rows of one sensor; absent ones are not observed."""
    bench = Bench(source(channels=("flow", "motor.temp"), time="ts"), source("u/{s}"))
    assert bench.directory.groups[0].channels == ("flow", "motor.temp")
    assert bench.directory.groups[1].channels == UNIVARIATE
    payload = {"ts": NOW, "motor": {"temp": 60}, "flow": 3, "extra": 9}
    assert sorted(bench.one(payload)) == [("s", "flow", NOW, 3.0), ("s", "motor.temp", NOW, 60.0)]
    assert bench.one({"ts": NOW, "flow": 4}) == [("s", "flow", NOW, 4.0)]
    assert bench.one(b"5", topic="u/x") == [("x", "value", NOW, 5.0)]
    assert len(bench.directory) == 2


def test_sources_with_the_same_channels_share_a_group() -> None:
    """A group is a model: the same channels, the same model."""
    sources = [source(), source("a/{s}"), source("b/{s}", channels=("x", "y"))]
    assert [group.channels for group in directory_of(sources, 10).groups] == [UNIVARIATE, ("x", "y")]


def test_sources_that_something_else_judges_have_a_group_of_their_own() -> None:
    """Under a name of its own, as its artifact and its snapshots are."""
    sources = [source(), source("a/{s}", family="conv_vae"), source("b/{s}", horizon_seconds=86_400.0)]
    groups = directory_of(sources, 10).groups
    assert [group.name for group in groups] == ["value", "value@conv_vae", "value@lstm_vae@86400s"]
    assert [group.model.family for group in groups] == ["lstm_vae", "conv_vae", "lstm_vae"]
    bench = Bench(*sources)
    bench.one(b"5", topic="a/x")
    assert [len(group.ids) for group in bench.directory.groups] == [0, 1, 0]


def test_excluded_fields_are_no_sensors_unless_they_are_named() -> None:
    """Radio quality and counters are left out by default."""
    payload = {"temperature": 1.5, "linkquality": 90, "device": {"battery": 80, "group_id": 5}}
    assert [r[0] for r in Bench(source()).one(payload)] == ["s.temperature"]
    assert [r[0] for r in Bench(source(include=("linkquality",))).one(payload)] == ["s.linkquality"]
    assert [r[0] for r in Bench(source(include=("*.battery", "temp*"), exclude=())).one(payload)] == [
        "s.temperature", "s.device.battery",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Drop.NO_VALUE), (b"unavailable", Drop.NO_VALUE), (b"{}", Drop.NO_VALUE), (b"[1,2]", Drop.NO_VALUE),
        (b'{"a":"text"}', Drop.NO_VALUE), (b'{"value":null}', Drop.NO_VALUE), (b"null", Drop.NO_VALUE),
        (b"hello", Drop.UNDECODABLE), (b"21,5", Drop.UNDECODABLE), (b'{"value":1', Drop.UNDECODABLE),
        (b"\xff\xfe\x00", Drop.UNDECODABLE), (b"x" * 300, Drop.OVERSIZE),
    ],
)  # fmt: skip
def test_a_message_without_a_value_is_counted_by_its_reason(payload: bytes, reason: Drop) -> None:
    """Nothing comes out and exactly one message is counted."""
    bench = Bench(source(), max_payload_bytes=256)
    assert bench.one(payload) == []
    assert bench.decoder.ledger.dropped[reason] == bench.decoder.ledger.received == 1
    assert bench.decoder.refused == {reason: "t/s"}, "and the log can name the topic of the newest"


def test_an_oversize_message_that_the_reader_cut_is_counted() -> None:
    """The flag stands for the payload that is not there."""
    bench = Bench(source())
    bench.one(b"", flags=QOS1 | OVERSIZE)
    assert bench.dropped() == {"message:oversize": 1}


def test_retained_messages_are_left_out_unless_they_are_accepted() -> None:
    """Their age is unknown."""
    quiet, open_ = Bench(source()), Bench(source(retained="accept"))
    assert quiet.one(b"1", flags=QOS1 | 1) == []
    assert quiet.dropped() == {"message:retained": 1}
    assert len(open_.one(b"1", flags=QOS1 | 1)) == 1


def test_a_redelivered_message_is_decoded_again() -> None:
    """Windows take repetition; the decoder does not remember."""
    assert len(Bench(source()).one(b"1", flags=QOS1 | 8)) == 1


@pytest.mark.parametrize(
    "payload", [{"value": 1}, {"ts": None, "value": 1}, {"ts": "soon", "value": 1}, b"5"]
)
def test_a_message_without_a_readable_time_is_counted(payload: bytes | dict[str, Any]) -> None:
    """Where a time field is configured arrival is no substitute."""
    bench = Bench(source(time="ts"))
    assert bench.one(payload) == []
    assert bench.dropped() == {"message:bad_time": 1}


def test_a_nested_time_is_found_and_is_no_sensor() -> None:
    """The time field is a path, or a name with dots."""
    bench = Bench(source(time="params.ts"))
    assert bench.one({"params": {"ts": NOW - 5, "t": 1}}) == [("s.params.t", "value", NOW - 5, 1.0)]
    assert bench.one({"params.ts": NOW - 5, "t": 1}) == [("s.t", "value", NOW - 5, 1.0)]


def test_late_future_and_infinite_readings_are_counted_one_by_one() -> None:
    """The message is used, the reading is not; bounds are inclusive."""
    bench = Bench(source(time="ts"), allowed_lateness_seconds=60.0, max_future_seconds=10.0)
    ages = [60.0, 60.5, -10.0, -10.5, 0.0]
    read = bench.feed(*(("t/s", json.dumps({"ts": NOW - age, "value": 1}).encode(), 0) for age in ages))
    assert [NOW - time for _, _, time, _ in read] == [60.0, -10.0, 0.0]
    assert bench.one(b'{"ts":1700000000,"value":1e39,"b":Infinity,"c":1}') == [("s.c", "value", NOW, 1.0)]
    assert bench.dropped() == {"reading:late": 1, "reading:future": 1, "reading:not_finite": 2}
    assert bench.decoder.readings.received == 5 + 3


def test_sensors_beyond_the_limit_are_counted_and_the_others_go_on() -> None:
    """A flood of names costs no memory."""
    bench = Bench(source(), max_sensors=2)
    read = bench.feed(*((f"t/{i}", b"1", 0) for i in range(5)), ("t/0", b"2", 0))
    assert [sensor for sensor, *_ in read] == ["0", "1", "0"]
    assert bench.dropped() == {"reading:sensor_limit": 3}


def test_topics_of_no_source_and_bad_names_are_counted() -> None:
    """Both before the payload is looked at."""
    bench = Bench(source())
    bench.feed(("x/s", b"1", 0), ("t/\x00", b"1", 0), ("t/", b"1", 0))
    assert bench.dropped() == {"message:no_source": 1, "message:bad_sensor_id": 2}


def test_a_field_name_that_cannot_be_part_of_an_id_is_counted() -> None:
    """The other fields of the message are used."""
    bench = Bench(source())
    assert [r[0] for r in bench.one({"a\nb": 1, "x" * 300: 2, "c": 3})] == ["s.c"]
    assert bench.dropped() == {"reading:bad_sensor_id": 2}


def test_a_missing_value_beside_others_is_counted_as_a_reading() -> None:
    """Missing is not zero and not silence."""
    bench = Bench(source())
    assert [r[0] for r in bench.one({"a": "unavailable", "b": None, "c": 1})] == ["s.c"]
    assert bench.dropped() == {"reading:no_value": 2}
    assert len(bench.directory) == 1


def test_a_typed_topic_that_sends_something_else_is_still_read() -> None:
    """Quoted numbers, booleans and marks around the payload are the general reader's work."""
    bench = Bench(source(include=("value",)))
    for payload in (
        b'{"value":"3"}',
        b'{"value":true}',
        b'\xef\xbb\xbf{"value":3}',
        b'{"value":3}\x00',
        b"3",
    ):
        for _ in range(4):
            assert len(bench.one(payload)) == 1
    assert bench.dropped() == {}


def test_a_flood_of_topics_does_not_grow_the_table_for_ever() -> None:
    """The table starts anew; sensors keep their slots."""
    bench = Bench(source(), max_sensors=1)
    bench.feed(("t/first", b"1", 0))
    for start in range(0, 10_000, 1000):
        bench.feed(*((f"t/{i}", b"1", 0) for i in range(start, start + 1000)))
    assert bench.feed(("t/first", b"2", 0)) == [("first", "value", NOW, 2.0)]
    assert bench.decoder.known_topics <= 4 * 1 + 4096


def test_the_same_log_gives_the_same_slots() -> None:
    """A replay is the run again."""
    messages = [(f"t/{i * 7 % 13}", b'{"a":1,"b":{"c":2}}', 0) for i in range(50)]
    one, two = Bench(source()), Bench(source())
    whole = one.feed(*messages)
    pieces = [reading for message in messages for reading in two.feed(message)]
    assert whole == pieces
    assert one.directory.groups[0].ids == two.directory.groups[0].ids


LEAVES = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.text(max_size=8), st.sampled_from(["ON", "nan"])
)
OBJECTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=4), st.sampled_from(["ts", "value"])), inner, max_size=4),
    ),
    max_leaves=12,
)
PAYLOADS = st.one_of(st.binary(max_size=80), OBJECTS.map(lambda value: json.dumps(value).encode()))
SOURCES = st.sampled_from([
    source(), source(time="ts"), source(include=("value",), time="ts"), source(payload="number"),
    source(payload="json", time="a.b"), source(channels=("value", "x"), time="ts"), source(channels=("value",)),
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    SOURCES,
    st.lists(
        st.tuples(st.one_of(st.text(max_size=6), st.just("t/a")), PAYLOADS, st.integers(0, 0x1FF)), max_size=6
    ),
)
def test_whatever_arrives_is_read_or_counted(one: SourceSettings, messages: list[RawMessage]) -> None:
    """Nothing is raised, and received is accepted and dropped, for messages and for readings."""
    bench = Bench(one, max_payload_bytes=64)
    read = bench.feed(*messages)
    assert bench.decoder.ledger.received == len(messages)
    assert bench.decoder.readings.accepted == len(read)
    assert all(abs(value) < 1e39 and value == value for *_, value in read)
    assert bench.decoder.failures == 0
