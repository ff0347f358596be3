"""A paho client that reads publishes in bulk; everything but publishes of QoS 0 and 1 stays paho's work."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt import MQTTException
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from offbeat.ingest.packets import PacketStream, ProtocolError
from offbeat.ingest.source import OVERSIZE, RawMessage

Receive = Callable[[list[RawMessage], list[bytes]], None]
"""Takes messages and the packet ids to acknowledge for them; called in the thread that reads."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PRIVATE = (
    "_sock", "_sock_recv", "_loop_rc_handle", "_in_packet", "_packet_handle", "_packet_queue",
    "_msgtime_mutex", "_last_bytes_received", "_transport",
)  # fmt: skip
_CHUNK_BYTES = 65_536
_CHUNKS_PER_CALL = 16
_PUBACK = b"\x40\x02"


def missing_attributes(kind: type[mqtt.Client] = mqtt.Client) -> list[str]:
    """Return what the bulk reader needs of a paho client and this release no longer has."""
    client = kind(CallbackAPIVersion.VERSION2)
    return [name for name in _PRIVATE if not hasattr(client, name)]


class ReadingClient(mqtt.Client):
    """What the source needs of a client: messages in batches, acknowledgements only when it says so.

    This one is made of paho's public parts alone, one message at a time: the fall-back.
    """

    reads_in_bulk = False
    """Whether more waiting makes for larger batches."""
    receive: Receive
    read_error: OSError | None = None
    """What broke the connection while it was read from, if that is known."""

    def prepare(self, receive: Receive, max_payload_bytes: int) -> None:
        """Say where messages go. Must be called once, before `connect`."""
        self.receive = receive
        self._max_payload = max_payload_bytes
        self.manual_ack_set(True)
        self.on_message = self._take_one

    def acknowledge(self, packet_ids: list[bytes]) -> None:
        """Acknowledge messages of QoS 1, in order; in the thread that reads."""
        for packet_id in packet_ids:
            self.ack(int.from_bytes(packet_id, "big"), 1)

    def _take_one(self, _client: mqtt.Client, _userdata: object, message: MQTTMessage) -> None:
        flags = 0x30 | message.qos << 1 | bool(message.retain) | bool(message.dup) << 3
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"
        oversize = len(message.payload) > self._max_payload
        raw = (topic, b"", flags | OVERSIZE) if oversize else (topic, bytes(message.payload), flags)
        self.receive([raw], [message.mid.to_bytes(2, "big")] if message.qos == 1 else [])
        if message.qos == 2:
            self.ack(message.mid, 2)


class BulkClient(ReadingClient):
    """Reads 64 KiB at a time and cuts them up itself; needs what `missing_attributes` looks for."""

    reads_in_bulk = True

    def prepare(self, receive: Receive, max_payload_bytes: int) -> None:
        """Say where messages go. Must be called once, before `connect`."""
        super().prepare(receive, max_payload_bytes)
        version5 = self.protocol is MQTTProtocolVersion.MQTTv5
        self._stream = PacketStream(version5=version5, max_payload_bytes=max_payload_bytes)

    def reconnect(self) -> MQTTErrorCode:
        """Open the connection anew; a half-read packet of the old one is forgotten."""
        self._stream.clear()
        return super().reconnect()

    def acknowledge(self, packet_ids: list[bytes]) -> None:
        """Acknowledge messages of QoS 1, in order, in one write."""
        if packet_ids and self._sock is not None:
            self._packet_queue(0x40, _PUBACK + _PUBACK.join(packet_ids), 0, 0)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's signature
        """Handle what has arrived; overrides paho's method, which reads packets byte by byte."""
        for _ in range(_CHUNKS_PER_CALL):
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_NO_CONN
            try:
                data = self._sock_recv(_CHUNK_BYTES)
            except BlockingIOError:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            except OSError as error:
                self.read_error, data = error, b""
            if not data:
                return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            if result := self._feed(data):
                return self._loop_rc_handle(result)
            if len(data) < _CHUNK_BYTES and self._is_drained():
                break
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def take_publishes(self, messages: list[RawMessage], packet_ids: list[bytes]) -> None:
        """Hand a batch on; called by the packet stream."""
        self.receive(messages, packet_ids)

    def take_packet(self, header: int, body: bytes) -> bool:
        """Let paho handle a packet that is no publish; called by the packet stream."""
        self._in_packet: Any = {
            "command": header, "have_remaining": 1, "remaining_count": [], "remaining_mult": 1,
            "remaining_length": len(body), "packet": bytearray(body), "to_process": 0, "pos": 0,
        }  # fmt: skip
        self._packet_result = self._packet_handle()
        return not self._packet_result and self._sock is not None

    def _feed(self, data: bytes) -> MQTTErrorCode:
        self._packet_result = MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            self._stream.feed(data, self)
        except (ProtocolError, MQTTException, struct.error, IndexError, ValueError):
            # The last three are what paho before 2.2 raises on packets that are too short.
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        with self._msgtime_mutex:
            self._last_bytes_received = mqtt.time_func()
        return self._packet_result

    def _is_drained(self) -> bool:
        # A websocket gives one frame a call, TLS one record: a short read speaks for plain sockets only.
        if self._transport == "websockets":
            return False
        pending = getattr(self._sock, "pending", None)
        return pending is None or not pending()


def choose_client(kind: type[mqtt.Client] = mqtt.Client) -> type[ReadingClient]:
    """Return the bulk reader, or paho's own way where this release of paho no longer has what that needs."""
    missing = missing_attributes(kind)
    if not missing:
        return BulkClient
    _log.warning(
        "this release of paho-mqtt is read message by message, at about thirty times the cost; "
        "install one that the project's constraints name", missing=missing,
    )  # fmt: skip
    return ReadingClient
