"""The bytes of the journal: records that can be told from damage.

    record = magic (4) | length of the body, u32 | crc32 of all that follows, u32 | arrival, f64 | body
    body   = msgpack of a list of [topic, payload, flags]

All numbers are little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from offbeat.ingest.source import RawMessage

Buffer = bytes | memoryview

MAGIC = b"OBJ1"
LONGEST_BODY = 1 << 30
_HEADER = struct.Struct("<4sIId")
_ARRIVAL = struct.Struct("<d")
_CRC_FROM = 12
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[RawMessage]).decode


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record.

    Attributes:
        start: where it begins in its buffer.
        end: where the next one begins.
        arrival_seconds: when its messages came.
        body: the messages, encoded.
    """

    start: int
    end: int
    arrival_seconds: float
    body: Buffer

    def messages(self) -> list[RawMessage]:
        """Return the messages.

        Raises:
            msgspec.MsgspecError: the body is whole, but not one of ours.
        """
        return _decode(self.body)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record.

    Attributes:
        start: where they begin.
        end: where the next whole record begins, or the end of the buffer.
        is_tail: whether no whole record follows.
    """

    start: int
    end: int
    is_tail: bool


def encode_record(messages: list[RawMessage], arrival_seconds: float) -> bytes:
    """Return the record of messages that came together."""
    try:
        body = _encode(messages)
    except UnicodeEncodeError:
        # Half characters in a topic cannot be written; the decoder refuses the topic either way.
        body = _encode([(t.encode("utf-8", "replace").decode(), p, f) for t, p, f in messages])
    crc = zlib.crc32(body, zlib.crc32(_ARRIVAL.pack(arrival_seconds)))
    return _HEADER.pack(MAGIC, len(body), crc, arrival_seconds) + body


def scan(buffer: Buffer, start: int = 0) -> Iterator[Record | Damage]:
    """Yield what a buffer holds from `start` on: records, and the damage between them, without a gap."""
    position, end = start, len(buffer)
    while position < end:
        record = record_at(buffer, position)
        if record is not None:
            yield record
            position = record.end
            continue
        following = _next_record(buffer, position + 1)
        yield Damage(position, end if following is None else following, following is None)
        position = end if following is None else following


def record_at(buffer: Buffer, position: int) -> Record | None:
    """Return the record at a position, or None if there is no whole one."""
    body_start = position + _HEADER.size
    if body_start > len(buffer) or bytes(buffer[position : position + 4]) != MAGIC:
        return None
    _, length, crc, arrival = _HEADER.unpack_from(buffer, position)
    end = body_start + length
    if length > LONGEST_BODY or end > len(buffer):
        return None
    if zlib.crc32(buffer[position + _CRC_FROM : end]) != crc:
        return None
    return Record(position, end, arrival, buffer[body_start:end])


def _next_record(buffer: Buffer, position: int) -> int | None:
    data = bytes(buffer[position:])
    at = data.find(MAGIC)
    while at >= 0:
        if record_at(buffer, position + at) is not None:
            return position + at
        at = data.find(MAGIC, at + 1)
    return None
