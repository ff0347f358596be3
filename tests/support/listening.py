"""Sources that listen to a test's broker and remember what they heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

from offbeat.config.settings import MqttSettings
from offbeat.ingest.bulk_reader import ReadingClient
from offbeat.ingest.journal import Journal
from offbeat.ingest.link_status import LinkStatus
from offbeat.ingest.mqtt import MqttSource
from offbeat.ingest.source import LogBatch, RawMessage
from offbeat.ingest.topics import Subscription
from offbeat.ingest.volatile_log import VolatileLog
from tests.support.waiting import wait_until

MAX_PAYLOAD = 100_000


class HeldLog(VolatileLog):
    """A log that becomes durable when the test says so."""

    def append(self, messages: list[RawMessage], arrival_seconds: float) -> int:
        """Take messages without making them durable."""
        self._next += len(messages)
        return self._next

    @property
    def durable_offset(self) -> int:
        """Nothing yet."""
        return 0

    def release(self) -> None:
        """Make all of it durable."""
        self.on_durable(self._next)

    def sync(self, timeout_seconds: float) -> bool:
        """Fail, as a disk that is full does."""
        return False


class Listener:
    """A source and what came through it.

    Args:
        url: of the broker.
        topic: the filter to listen to.
        qos: to ask for.
        log: where messages go.
        retained: whether retained messages are asked for.
        deliver: called with each batch as well.
        client_kind: how messages are read.
        clock: of the source.
        settings: further settings of [mqtt].
    """

    def __init__(
        self,
        url: str,
        topic: str = "t/#",
        *,
        qos: int = 1,
        log: Journal | VolatileLog | None = None,
        retained: bool = False,
        deliver: Callable[[LogBatch], None] | None = None,
        client_kind: type[ReadingClient] | None = None,
        clock: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        self.messages: list[RawMessage] = []
        self.marks: list[RawMessage] = []
        self.history: list[LinkStatus] = []
        self._deliver = deliver
        defaults: dict[str, Any] = {
            "client_id": "listener", "reconnect_min_seconds": 0.05, "reconnect_max_seconds": 0.2,
        }  # fmt: skip
        self.source = MqttSource(
            MqttSettings(url=url, **(defaults | settings)),
            [Subscription(topic, qos, retained)],
            log if log is not None else VolatileLog(),
            MAX_PAYLOAD,
            on_link=self.history.append,
            random=Random(1),
            client_kind=client_kind,
            clock=clock,
        )

    def start(self) -> Listener:
        """Start without waiting for anything."""
        self.source.start(self._take)
        return self

    def listen(self) -> Listener:
        """Start and wait until readings can come."""
        self.start()
        self.wait_for("subscribed")
        return self

    def wait_for(self, *states: str, timeout_seconds: float = 15.0) -> LinkStatus:
        """Wait until the source is in one of the states."""
        wait_until(
            lambda: self.source.status.state in states, timeout_seconds, f"{states}, is {self.source.status}"
        )
        return self.source.status

    def wait_for_count(self, count: int) -> list[RawMessage]:
        """Wait until so many messages were heard, and return them."""
        wait_until(lambda: len(self.messages) >= count, 20.0, f"{count} messages, got {len(self.messages)}")
        return self.messages

    @property
    def payloads(self) -> list[bytes]:
        """What was heard, without topics."""
        return [payload for _, payload, _ in self.messages]

    def stop(self) -> bool:
        """Stop the source; return whether all was done in time."""
        return self.source.stop(5.0)

    def _take(self, batch: LogBatch) -> None:
        if batch.listening_since is not None:
            self.marks += batch.messages
            return
        self.messages.extend(batch.messages)
        if self._deliver is not None:
            self._deliver(batch)


Listen = Callable[..., Listener]
"""Makes listeners, by the arguments of one."""
