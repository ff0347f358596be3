"""Cuts a stream of MQTT bytes into publishes, in bulk, and other packets, one by one.

paho handles a publish in about sixty calls and four system calls; at ten thousand messages a second
nothing else gets the interpreter. This loop takes half a microsecond.
"""

from __future__ import annotations

from typing import Protocol

from offbeat.ingest.source import OVERSIZE, RawMessage

PUBLISH = 0x30
TOPIC_CACHE = 65_536
"""Topics kept as text: names come from outside, so the cache has an end."""


class ProtocolError(Exception):
    """The bytes are not MQTT; the connection cannot be used further."""


class PacketSink(Protocol):
    """Where packets go, in the order in which they were in the stream."""

    def take_publishes(self, messages: list[RawMessage], packet_ids: list[bytes]) -> None:
        """Take publishes of QoS 0 and 1, and the packet ids of those to acknowledge, in order."""
        ...

    def take_packet(self, header: int, body: bytes) -> bool:
        """Take any other packet. Return False if the rest of the stream is of no more interest."""
        ...


class PacketStream:
    """The bytes of one connection.

    Args:
        version5: whether publishes carry properties, as they do in MQTT 5.
        max_payload_bytes: longer payloads are replaced by nothing and flagged `OVERSIZE`.
    """

    def __init__(self, *, version5: bool, max_payload_bytes: int) -> None:
        self._version5 = version5
        self._max_payload = max_payload_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._wanted = 2
        self._topics: dict[bytes, str] = {}

    def clear(self) -> None:
        """Forget a half-read packet: what comes next is from a new connection."""
        self._parts.clear()
        self._held = 0
        self._wanted = 2

    def feed(self, data: bytes, sink: PacketSink) -> None:
        """Take the next bytes of the stream and hand on every packet that they complete.

        Raises:
            ProtocolError: the stream is broken; nothing that follows can be read.
        """
        if self._held + len(data) < self._wanted:
            # Joining at every piece of a large packet would copy it again and again.
            self._parts.append(data)
            self._held += len(data)
            return
        buffer = b"".join((*self._parts, data)) if self._held else data
        self.clear()
        position = 0
        while (position := self._publishes(buffer, position, sink)) >= 0:
            header, start, end = self._packet_at(buffer, position)
            if not sink.take_packet(header, buffer[start:end]):
                return
            position = end
        if rest := buffer[~position:]:
            self._parts.append(rest)
            self._held = len(rest)

    def _publishes(self, buffer: bytes, position: int, sink: PacketSink) -> int:
        """Hand on a run of publishes.

        Return where the whole packet behind it begins, or the bitwise complement of where an incomplete one
        does.
        """
        end_of_buffer = len(buffer)
        version5, max_payload, topics = self._version5, self._max_payload, self._topics
        messages: list[RawMessage] = []
        packet_ids: list[bytes] = []
        add = messages.append
        try:
            while True:
                if end_of_buffer - position < 2:
                    self._wanted = 2
                    return ~position
                header = buffer[position]
                length = buffer[position + 1]
                at = position + 2
                if length & 0x80:
                    length, at = _long_length(buffer, at, length)
                    if not at:
                        self._wanted = end_of_buffer - position + 1
                        return ~position
                end = at + length
                if end > end_of_buffer:
                    self._wanted = end - position
                    return ~position
                if header & 0xF0 != PUBLISH or header & 0x04:
                    return position
                start = at + 2
                at = id_at = start + (buffer[at] << 8 | buffer[at + 1])
                name = buffer[start:at]
                if header & 0x02:
                    at += 2
                if version5:
                    skip = buffer[at]
                    at += 1
                    if skip & 0x80:
                        skip, at = _long_length(buffer, at, skip)
                    at += skip
                if at > end or not name:
                    raise ProtocolError("a publish is shorter than its parts, or has no topic")
                topic = topics.get(name)
                if topic is None:
                    topic = self._remember(name)
                if end - at > max_payload:
                    add((topic, b"", header | OVERSIZE))
                else:
                    add((topic, buffer[at:end], header))
                if header & 0x02:
                    packet_ids.append(buffer[id_at : id_at + 2])
                position = end
        except IndexError:
            raise ProtocolError("a publish is shorter than its parts") from None
        finally:
            if messages:
                sink.take_publishes(messages, packet_ids)

    def _packet_at(self, buffer: bytes, position: int) -> tuple[int, int, int]:
        length, start = buffer[position + 1], position + 2
        if length & 0x80:
            length, start = _long_length(buffer, start, length)
        return buffer[position], start, start + length

    def _remember(self, name: bytes) -> str:
        # A broker should have refused other bytes; the mark stays and no sensor id may hold it.
        topic = name.decode("utf-8", "replace")
        if len(self._topics) < TOPIC_CACHE:
            self._topics[name] = topic
        return topic


def _long_length(buffer: bytes, position: int, first: int) -> tuple[int, int]:
    """Return a length of two to four bytes and where it ends; 0, 0 if it is not all there yet."""
    length, shift = first & 0x7F, 7
    for at in range(position, min(position + 3, len(buffer))):
        byte = buffer[at]
        length |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return length, at + 1
        shift += 7
    if len(buffer) - position >= 3:
        raise ProtocolError("a length has more than four bytes")
    return 0, 0
