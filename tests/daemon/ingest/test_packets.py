"""The packet stream: the same packets however the bytes are cut up."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.ingest.packets import PacketStream, ProtocolError
from offbeat.ingest.source import OVERSIZE, RawMessage

LIMIT = 30_000


@dataclass
class Recorder:
    """Keeps what it is given, in order."""

    packets: list[object] = field(default_factory=list)
    packet_ids: list[bytes] = field(default_factory=list)

    def take_publishes(self, messages: list[RawMessage], packet_ids: list[bytes]) -> None:
        """Keep publishes."""
        self.packets.extend(messages)
        self.packet_ids.extend(packet_ids)

    def take_packet(self, header: int, body: bytes) -> bool:
        """Keep another packet."""
        self.packets.append((header, body))
        return True


def length_bytes(length: int) -> bytes:
    """Return a length as MQTT writes it."""
    out = bytearray()
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(out)


def publish(
    topic: str, payload: bytes, *, header: int = 0x30, packet_id: int = 0, properties: bytes | None = None
) -> bytes:
    """Return a publish; with properties it is one of MQTT 5."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name
    if header & 0x06:
        body += packet_id.to_bytes(2, "big")
    if properties is not None:
        body += length_bytes(len(properties)) + properties
    body += payload
    return bytes([header]) + length_bytes(len(body)) + body


@st.composite
def streams(draw: st.DrawFn) -> tuple[bool, bytes, list[object], list[bytes]]:
    """A valid stream of either version, with the packets and the ids to acknowledge that are in it."""
    version5 = draw(st.booleans())
    data, packets, ids = bytearray(), [], []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 4)) == 0:
            header, body = draw(st.sampled_from([0xD0, 0x90, 0x34, 0x62])), draw(st.binary(max_size=300))
            data += bytes([header]) + length_bytes(len(body)) + body
            packets.append((header, body))
            continue
        topic = draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
        payload = draw(st.binary(max_size=60)) * draw(st.sampled_from([1, 1, 1, 3, 700]))
        header = 0x30 | draw(st.sampled_from([0, 1, 2, 3, 8 | 2]))
        packet_id = draw(st.integers(1, 65_535))
        properties = draw(st.binary(max_size=200)) if version5 else None
        data += publish(topic, payload, header=header, packet_id=packet_id, properties=properties)
        over = len(payload) > LIMIT
        packets.append((topic, b"" if over else payload, header | (OVERSIZE if over else 0)))
        if header & 2:
            ids.append(packet_id.to_bytes(2, "big"))
    return version5, bytes(data), packets, ids


@settings(max_examples=150, deadline=None)
@given(streams(), st.randoms(use_true_random=False))
def test_any_cutting_of_a_valid_stream_gives_the_same_packets(
    stream: tuple[bool, bytes, list[object], list[bytes]], chance: random.Random
) -> None:
    """Whatever sizes the reads have, packets come out whole, in order and once."""
    version5, data, packets, ids = stream
    reader, seen = PacketStream(version5=version5, max_payload_bytes=LIMIT), Recorder()
    position = 0
    largest = chance.choice([1, 3, 50, 5000, 100_000])
    while position < len(data):
        size = chance.randint(1, largest)
        reader.feed(data[position : position + size], seen)
        position += size
    assert seen.packets == packets
    assert seen.packet_ids == ids


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_arbitrary_bytes_are_read_or_refused_and_nothing_else(pieces: list[bytes], version5: bool) -> None:
    """Bytes that are not MQTT end in a protocol error, never in another exception."""
    reader = PacketStream(version5=version5, max_payload_bytes=LIMIT)
    try:
        for piece in pieces:
            reader.feed(piece, Recorder())
    except ProtocolError:
        pass


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\x02\x00\x00",
        b"\x30\x01\x00",
        b"\x30\x04\x00\x09ab",
        b"\x32\x04\x00\x01a\x00",
        b"\x30\x00",
    ],
    ids=[
        "length of five bytes",
        "no topic",
        "half a topic length",
        "topic beyond the end",
        "half an id",
        "empty",
    ],
)
def test_a_malformed_publish_breaks_the_stream_but_not_what_came_before(data: bytes) -> None:
    """Messages in front of broken bytes are handed on before the error is raised."""
    reader, seen = PacketStream(version5=False, max_payload_bytes=LIMIT), Recorder()
    with pytest.raises(ProtocolError):
        reader.feed(publish("a", b"1") + data + b"\0" * 8, seen)
    assert seen.packets == [("a", b"1", 0x30)]


def test_a_cleared_stream_forgets_half_a_packet() -> None:
    """After a reconnection the bytes of the old connection are not joined to the new ones."""
    reader, seen = PacketStream(version5=False, max_payload_bytes=LIMIT), Recorder()
    reader.feed(publish("a", b"12345")[:6], seen)
    reader.clear()
    reader.feed(publish("b", b"1"), seen)
    assert seen.packets == [("b", b"1", 0x30)]


def test_a_topic_that_is_no_text_is_marked() -> None:
    """Bytes that are not UTF-8 become the replacement character, which no sensor id may hold."""
    reader, seen = PacketStream(version5=False, max_payload_bytes=LIMIT), Recorder()
    reader.feed(b"\x30\x05\x00\x02\xff\xfe1", seen)
    assert seen.packets == [("\ufffd\ufffd", b"1", 0x30)]


def test_nothing_is_read_on_once_the_sink_has_seen_enough() -> None:
    """A packet that ends the connection ends the stream, too."""

    class Ending(Recorder):
        def take_packet(self, header: int, body: bytes) -> bool:
            super().take_packet(header, body)
            return False

    reader, seen = PacketStream(version5=False, max_payload_bytes=LIMIT), Ending()
    reader.feed(b"\xe0\x00" + publish("a", b"1"), seen)
    assert seen.packets == [(0xE0, b"")]
