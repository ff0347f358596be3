"""One connection to the broker, from its CONNECT to its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
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
        held: filters that an older session at the broker may hold.

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
        held: Collection[str] = (),
    ) -> None:
        self.session = Session(client, waker)
        self.session_present = False
        self.answered = False
        self.refused_topics: tuple[str, ...] = ()
        self.unlogged = False
        self._session_on_connect = cast("CallbackOnConnect_v2", client.on_connect)
        self._client = client
        self._subscriptions = subscriptions
        self._held = held
        self._asked: dict[int, list[Subscription]] = {}
        self._left: set[int] = set()
        self._receive = receive
        self._pending: deque[tuple[int, list[bytes]]] = deque()
        self._received = False
        self._last_read = 0.0
        client.prepare(self._take, max_payload_bytes)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_unsubscribe = self._on_unsubscribe

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

    @property
    def settled(self) -> bool:
        """Whether the broker has answered all that was asked for, and nothing else is subscribed."""
        return self.answered and not self._asked and not self._left

    def resubscribe(self, subscriptions: list[Subscription]) -> None:
        """Ask for other topics on the standing connection; what is wanted as before is not asked for again.

        What is new is asked for before what is not wanted any more is given up: of a topic that both have nothing is
        missed, and what comes twice is the same reading.
        """
        before = {one.filter: one for one in self._subscriptions}
        wanted = {one.filter for one in subscriptions}
        self._subscriptions = subscriptions
        self.refused_topics = tuple(topic for topic in self.refused_topics if topic in wanted)
        self._subscribe([one for one in subscriptions if before.get(one.filter) != one])
        self._unsubscribe([topic for topic in before if topic not in wanted])

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
        self._subscribe(self._subscriptions)
        if self.session_present:
            wanted = {one.filter for one in self._subscriptions}
            self._unsubscribe([topic for topic in self._held if topic not in wanted])

    def _subscribe(self, subscriptions: list[Subscription]) -> None:
        if subscriptions:
            _, mid = self._client.subscribe(_requests(subscriptions, self._client.protocol))
            if mid is not None:
                self._asked[mid] = subscriptions

    def _unsubscribe(self, topics: list[str]) -> None:
        if topics:
            _, mid = self._client.unsubscribe(topics)
            if mid is not None:
                self._left.add(mid)

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        reason_codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self.answered = True
        asked = self._asked.pop(mid, [])
        answered = {wanted.filter for wanted in asked}
        refused = [
            wanted.filter for wanted, code in zip(asked, reason_codes, strict=False) if code.value >= _REFUSAL
        ]
        others = [topic for topic in self.refused_topics if topic not in answered]
        self.refused_topics = (*others, *refused)

    def _on_unsubscribe(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        _reason_codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._left.discard(mid)


def _requests(subscriptions: list[Subscription], version: MQTTProtocolVersion) -> Any:
    if version is not MQTTProtocolVersion.MQTTv5:
        return [(wanted.filter, wanted.qos) for wanted in subscriptions]
    return [
        (
            wanted.filter,
            SubscribeOptions(wanted.qos, retainHandling=0 if wanted.retained else _NEVER_RETAINED),
        )
        for wanted in subscriptions
    ]
