"""Moves events from the outbox to one session, a bounded number at a time, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from paho.mqtt.properties import Properties

from offbeat.link.session import Acknowledgement, Session
from offbeat.publish.outbox import SPILL_BASE, Lost, Outbox, Pending
from offbeat.publish.topic_names import TopicNames

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MOST_IN_FLIGHT = 20
"""Unacknowledged events: what brokers allow without saying more, and paho's own limit."""
RETRY_SECONDS = 60.0
"""Until events that the broker refused are tried again: its access rules may have been mended."""
UNANSWERED_SECONDS = 30.0
"""After which a broker that answers pings but acknowledges nothing is given up."""
_PERMANENT = frozenset({0x90, 0x95, 0x99})
"""Topic name invalid, packet too large, payload format invalid: trying again gives the same answer."""
_PACKET_OVERHEAD_BYTES = 64


@dataclass(slots=True)
class Tally:
    """Counts over all sessions of a publisher."""

    published: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Flight:
    event: Pending
    sent_at: float


class Delivery:
    """The way of events through one session; a new session gets a new one and starts with the oldest event.

    An event leaves the outbox when the broker has acknowledged it. What it refuses stays, and so does what is
    younger of the same sensor, so that a sensor's events arrive in order; other sensors go on.

    Args:
        outbox: where events wait.
        names: their topics.
        session: an accepted connection.
        tally: what is counted beyond this session.
        properties: sent with each event; None with MQTT 3.1.1.
        clock: unix seconds, for the time of delivery.
    """

    def __init__(
        self,
        outbox: Outbox,
        names: TopicNames,
        session: Session,
        tally: Tally,
        properties: Properties | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox = outbox
        self._names = names
        self._session = session
        self._tally = tally
        self._properties = properties
        self._clock = clock
        self._most = min(MOST_IN_FLIGHT, session.limits.get("ReceiveMaximum", MOST_IN_FLIGHT))
        self._largest_bytes = session.limits.get("MaximumPacketSize")
        self._in_flight: dict[int, _Flight] = {}
        self._cursor = 0
        self._held_sensors: set[str] = set()
        self._retry_at: float | None = None
        self._told: set[int] = set()

    @property
    def in_flight(self) -> int:
        """Events sent and not yet acknowledged."""
        return len(self._in_flight)

    @property
    def is_full(self) -> bool:
        """Whether no more events may be sent until the broker acknowledges some."""
        return len(self._in_flight) >= self._most

    def fill(self, now: float) -> int:
        """Send what may be sent; return how many events that were.

        Args:
            now: monotonic seconds.
        """
        if self._retry_at is not None and now >= self._retry_at:
            self._cursor, self._retry_at = 0, None
            self._held_sensors.clear()
        sent = 0
        flying = {flight.event.key for flight in self._in_flight.values()}
        while (room := self._most - len(self._in_flight)) > 0:
            batch = self._outbox.pending(room, self._cursor)
            for event in batch:
                # An event that waits in memory has a key behind all that the file will ever give: reading on from
                # there would pass over everything that is decided once the disk works again.
                if event.key < SPILL_BASE:
                    self._cursor = event.key
                if event.key not in flying and event.sensor not in self._held_sensors:
                    if not self._send(event, now):
                        return sent
                    sent += 1
            if len(batch) < room:
                break
        return sent

    def settle(self, answers: Sequence[Acknowledgement], now: float) -> None:
        """Take the broker's answers into account.

        Args:
            answers: from the session; those to other messages are passed over.
            now: monotonic seconds.
        """
        delivered = []
        for answer in answers:
            flight = self._in_flight.pop(answer.mid, None)
            if flight is None:
                continue
            if answer.refused:
                self._refuse(flight.event, answer, now)
            else:
                delivered.append(flight.event.key)
        if delivered:
            self._outbox.delivered(delivered, self._clock())
            self._tally.published += len(delivered)

    def stuck(self, now: float) -> bool:
        """Return whether the broker has left an event unanswered for too long."""
        oldest = min((flight.sent_at for flight in self._in_flight.values()), default=now)
        return now - oldest > UNANSWERED_SECONDS

    def _send(self, event: Pending, now: float) -> bool:
        topic = self._names.alerts(event.sensor)
        size = len(topic) + len(event.payload) + _PACKET_OVERHEAD_BYTES
        if self._largest_bytes is not None and size > self._largest_bytes:
            # Sent all the same, it would end the connection, again and again, and block what follows.
            self._outbox.give_up([event.key], Lost.REFUSED, self._clock())
            _log.error(
                "an event is larger than the broker takes and is lost",
                sensor=event.sensor,
                bytes=size,
                limit=self._largest_bytes,
            )
            return True
        mid = self._session.publish(topic, event.payload, 1, False, self._properties)
        if mid is None:
            return False
        self._in_flight[mid] = _Flight(event, now)
        return True

    def _refuse(self, event: Pending, answer: Acknowledgement, now: float) -> None:
        self._tally.refused += 1
        permanent = answer.code in _PERMANENT
        if permanent:
            self._outbox.give_up([event.key], Lost.REFUSED, self._clock())
        else:
            self._held_sensors.add(event.sensor)
            self._retry_at = now + RETRY_SECONDS if self._retry_at is None else self._retry_at
        if answer.code not in self._told:
            self._told.add(answer.code)
            _log.error(
                "the broker refuses an event" + ("; it is lost" if permanent else "; it will be sent again"),
                topic=self._names.alerts(event.sensor),
                reason=answer.reason,
                code=answer.code,
                hint="allow the daemon's user to publish below its root topic",
            )
