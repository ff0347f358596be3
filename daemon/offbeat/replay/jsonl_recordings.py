"""Recordings of messages: one MQTT publish a line of JSON, to be replayed as it came.

    {"time":1700000000.5,"topic":"plant/1/pump/state","payload":"3.1","qos":1,"retain":false}

A payload that is no UTF-8 text is written as base64, with `"encoding":"base64"` beside it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from offbeat.errors import ConfigError
from offbeat.replay.recorded_time import parse_time

RETAIN_FLAG, QOS_SHIFT = 0x01, 1


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """One publish as it arrived.

    Attributes:
        time_seconds: when it arrived, unix seconds.
        topic: of the publish.
        payload: bytes as they came.
        retain: whether the broker had kept it.
        qos: 0, 1 or 2.
    """

    time_seconds: float
    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 0

    @property
    def flags(self) -> int:
        """The low bits of the fixed header of its MQTT packet: retain and QoS."""
        return (RETAIN_FLAG if self.retain else 0) | (self.qos << QOS_SHIFT)


class _Line(msgspec.Struct):
    """A line as it stands in the file."""

    time: float | str
    topic: str
    payload: str
    encoding: Literal["text", "base64"] = "text"
    retain: bool = False
    qos: Literal[0, 1, 2] = 0


def read_messages(path: Path) -> Iterator[RecordedMessage]:
    """Yield the messages of a file in its order.

    Raises:
        ConfigError: the file or one of its lines cannot be used; raised when iteration comes to it.
    """
    decoder = msgspec.json.Decoder(_Line)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _message(path, number, line, decoder)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None


def write_messages(path: Path, messages: Iterable[RecordedMessage]) -> int:
    """Write messages, one a line, and return how many there are."""
    count = 0
    with path.open("wb") as file:
        for message in messages:
            file.write(encode_message(message))
            count += 1
    return count


def encode_message(message: RecordedMessage) -> bytes:
    """Return a message as a line, with its end."""
    fields: dict[str, object] = {"time": message.time_seconds, "topic": message.topic}
    try:
        fields["payload"] = message.payload.decode("utf-8")
    except UnicodeDecodeError:
        fields["payload"] = base64.b64encode(message.payload).decode("ascii")
        fields["encoding"] = "base64"
    return msgspec.json.encode(fields | {"qos": message.qos, "retain": message.retain}) + b"\n"


def _message(path: Path, number: int, line: bytes, decoder: msgspec.json.Decoder[_Line]) -> RecordedMessage:
    try:
        read = decoder.decode(line)
        time = parse_time(str(read.time))
        if read.encoding == "base64":
            payload = base64.b64decode(read.payload, validate=True)
        else:
            payload = read.payload.encode("utf-8")
    except (msgspec.DecodeError, UnicodeError, ValueError) as error:
        kind = "base64" if isinstance(error, binascii.Error) else "a message"
        raise ConfigError(
            f"{path}:{number}: not {kind}: {error}; expected a line such as "
            '{"time":1700000000.5,"topic":"plant/1/pump/state","payload":"3.1","qos":1,"retain":false}'
        ) from None
    return RecordedMessage(time, read.topic, payload, read.retain, read.qos)
