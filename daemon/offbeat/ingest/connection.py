"""One connection to the broker, from its CONNECT to its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.client import CallbackOnConnect_v2, ConnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from offbeat.ingest.bulk_reader import ReadingClient
from offbeat.ingest.journal import REFUSED
from offbeat.ingest.source import RawMessage
from offbeat.ingest.topics import Subscription
from offbeat.link.session import Session
from offbeat.link.waker import Waker

GATHER_SECONDS = 0.001
"""When reads follow each other faster than this the reader waits as long: a broker writes message by message,
and what a read, a journal record and a batch cost by themselves is then shared by more messages."""
_NEVER_RETAINED = 2
_REFUSAL = 0x80


class Connection:
    """Reads, hands on, and acknowledges what is durable. All of it belongs to the reader's thread.

    Args:
        client: built, not yet connected.
        waker: ends a `step` early.
        subscriptions: what to ask for as soon as the broker has accepted the connection.
        receive: takes messages and returns the log's offset behind them, or `REFUSED`; does not raise.
        max_payload_bytes: longer payloads are left out.

    Attributes:
        session: the state of the connection.
        session_present: whether the broker kept an older session.
        answered: whether the broker answered the subscriptions.
        refused_topics: filters that it refused.
        unlogged: whether messages were received that the log did not take: they are never acknowledged here,
            and as acknowledgements go in order, nothing behind them is.
    """

    def __init__(
        self,
        client: ReadingClient,
        waker: Waker,
        subscriptions: list[Subscription],
        receive: Callable[[list[RawMessage]], int],
        max_payload_bytes: int,
    ) -> None:
        self.session = Session(client, waker)
        self.session_present = False
        self.answered = False
        self.refused_topics: tuple[str, ...] = ()
        self.unlogged = False
        self._session_on_connect = cast("CallbackOnConnect_v2", client.on_connect)
        self._client = client
        self._subscriptions = subscriptions
        self._receive = receive
        self._pending: deque[tuple[int, list[bytes]]] = deque()
        self._received = False
        self._last_read = 0.0
        client.prepare(self._take, max_payload_bytes)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe

    def step(self, timeout_seconds: float) -> bool:
        """Wait for traffic and handle it; return whether the connection still stands."""
        self._received = False
        stands = self.session.step(timeout_seconds)
        if self._received and self._client.reads_in_bulk:
            now = time.monotonic()
            if now - self._last_read < 2 * GATHER_SECONDS:
                time.sleep(GATHER_SECONDS)
            self._last_read = now
        return stands

    def acknowledge(self, durable_offset: int) -> None:
        """Acknowledge what the log has made durable."""
        pending = self._pending
        released: list[bytes] = []
        while pending and pending[0][0] <= durable_offset:
            released.extend(pending.popleft()[1])
        if released and self.session.alive:
            self._client.acknowledge(released)

    def close(self) -> None:
        """End the connection; the broker keeps a persistent session and what was not acknowledged."""
        self.session.close()

    def _take(self, messages: list[RawMessage], packet_ids: list[bytes]) -> None:
        self._received = True
        offset = self._receive(messages)
        if offset == REFUSED:
            self.unlogged = self.unlogged or bool(packet_ids)
        elif packet_ids and not self.unlogged:
            self._pending.append((offset, packet_ids))

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._session_on_connect(client, userdata, flags, reason_code, properties)
        if reason_code.is_failure:
            return
        self.session_present = bool(flags.session_present)
        # A session that was kept has the old subscriptions; asking again costs nothing and covers new ones.
        if self._subscriptions:
            client.subscribe(self._requests(client.protocol))

    def _requests(self, version: MQTTProtocolVersion) -> Any:
        if version is not MQTTProtocolVersion.MQTTv5:
            return [(wanted.filter, wanted.qos) for wanted in self._subscriptions]
        return [
            (
                wanted.filter,
                SubscribeOptions(wanted.qos, retainHandling=0 if wanted.retained else _NEVER_RETAINED),
            )
            for wanted in self._subscriptions
        ]

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _mid: int,
        reason_codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.answered = True
        self.refused_topics = tuple(
            wanted.filter
            for wanted, code in zip(self._subscriptions, reason_codes, strict=False)
            if code.value >= _REFUSAL
        )
