"""The thread that owns the publisher's connection: connects, sends what is due, says goodbye."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from offbeat.config.broker_url import parse_address
from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError
from offbeat.link.backoff import backoff_of
from offbeat.link.client import build_client, connect, default_client_id
from offbeat.link.session import Session
from offbeat.link.versions import VersionChooser
from offbeat.link.waker import Waker
from offbeat.link.words import say_refused, say_unreachable
from offbeat.publish.delivery import Delivery, Tally
from offbeat.publish.outbox import Outbox
from offbeat.publish.state_topics import StateTopics, state_json
from offbeat.publish.status import offline_json, online_json
from offbeat.publish.topic_names import TopicNames

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CONNACK_SECONDS = 10.0
GOODBYE_SECONDS = 2.0
STABLE_SECONDS = 10.0
"""A connection that lasted this long was a good one; the next attempt comes soon."""
FLAPS_UNTIL_SUSPICION = 3
_LONGEST_STEP_SECONDS = 0.5
_STATES_A_STEP = 50
_TAKEN_OVER = 0x8E


class Sender:
    """Keeps a connection as long as it can, and sends events and states through it.

    Args:
        settings: broker, credentials, protocol.
        names: the topics.
        outbox: the events.
        states: the states.
        waker: wakes the thread when there is something to send.
        version: of the daemon, for the status message.
        on_progress: called at least once a second, unless the thread hangs.
        random: jitter of the waits between connections.
        clock: unix seconds.

    Attributes:
        names: as given.
        client_id: by which the broker knows the connection.
        connected: set while the broker takes messages.
        connections: how often it accepted one.
        trouble: why there is no connection, in words; empty when there is one.
        tally: events published and refused.
        states_published: messages on state topics.

    Raises:
        ConfigError: the settings name a broker or a file that cannot be used.
    """

    def __init__(
        self,
        settings: MqttSettings,
        names: TopicNames,
        outbox: Outbox,
        states: StateTopics,
        waker: Waker,
        version: str,
        on_progress: Callable[[], None],
        random: Random,
        clock: Callable[[], float],
    ) -> None:
        self.client_id = f"{settings.client_id or default_client_id()}-pub"
        self.connected = threading.Event()
        self.connections = 0
        self.trouble = "not started"
        self.tally = Tally()
        self.states_published = 0
        self._settings = settings
        self.names = names
        self._outbox = outbox
        self._states = states
        self._waker = waker
        self._version = version
        self._on_progress = on_progress
        self._clock = clock
        self._started_at = clock()
        self._address = parse_address(settings.publishing_url)
        self._versions = VersionChooser(settings.protocol)
        self._backoff = backoff_of(settings, self._address, random)
        self._flaps = 0
        self._accepted_at = 0.0
        self._all_handed_in: Callable[[], bool] = lambda: True
        self._stop_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        # A file that cannot be used must stop the start, not the thread.
        self._build_client()

    @property
    def protocol(self) -> str:
        """The version of MQTT that is spoken or was tried last: "5" or "3.1.1"."""
        return "5" if self._versions.current is MQTTProtocolVersion.MQTTv5 else "3.1.1"

    @property
    def running(self) -> bool:
        """Whether the thread has been started and has not ended."""
        return self._thread.is_alive()

    def count_on_from(self, before: Sender) -> None:
        """Go on with the counts of the one whose place it takes; to be called before `start`."""
        self.connections, self.states_published = before.connections, before.states_published
        self.tally = before.tally

    def start(self) -> None:
        """Start the thread; the connection is made in the background."""
        self._thread.start()

    def stop(self, stop_at: float, all_handed_in: Callable[[], bool]) -> None:
        """Let the thread end when it has sent all it can.

        Args:
            stop_at: monotonic time by which it ends in any case.
            all_handed_in: whether nothing more will come into the outbox.
        """
        self._all_handed_in = all_handed_in
        self._stop_at = stop_at
        self._waker.wake()

    def join(self, timeout_seconds: float) -> None:
        """Wait for the end of the thread, if it was started."""
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while self._stop_at is None:
            try:
                wait = self._connect_and_serve()
            except Exception as error:  # noqa: BLE001 - without this thread no alert ever leaves the daemon
                _log.exception("the publisher failed; it begins anew")
                self.trouble, wait = repr(error), self._backoff.longest_seconds()
            self.connected.clear()
            self._rest(wait)

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._stop_at is None and (left := end - time.monotonic()) > 0:
            self._on_progress()
            self._waker.wait(min(left, _LONGEST_STEP_SECONDS))

    def _connect_and_serve(self) -> float:
        """Hold one connection as long as it lasts; return how long to wait before the next."""
        self._on_progress()
        client = self._build_client()
        session = Session(client, self._waker)
        try:
            connect(client, self._settings, self._address)
            self._await_connack(session)
            if not session.accepted:
                return self._after_refusal(session)
            self._serve(session)
        except OSError as error:
            self._note_trouble(say_unreachable(error, self._address))
            return self._backoff.next_seconds()
        except (ValueError, ConfigError) as error:
            self._note_trouble(str(error))
            return self._backoff.next_seconds()
        finally:
            session.close()
        return self._after_end(session)

    def _build_client(self) -> mqtt.Client:
        version = self._versions.current
        client = build_client(mqtt.Client, self._settings, self._address, self.client_id, version)
        client.will_set(self.names.status, offline_json("connection lost"), qos=1, retain=True)
        return client

    def _await_connack(self, session: Session) -> None:
        end = time.monotonic() + CONNACK_SECONDS
        while not session.accepted and self._stop_at is None and time.monotonic() < end:
            self._waker.clear()
            self._on_progress()
            if not session.step(_LONGEST_STEP_SECONDS):
                return

    def _after_refusal(self, session: Session) -> float:
        versions = self._versions
        other = versions.refused(session.refusal) if session.refusal else versions.closed_silently()
        if other:
            _log.info("the broker does not speak this version of MQTT; trying another", reason=session.reason)
            return 0.0
        reason = session.reason or "no answer to CONNECT"
        if session.refusal:
            reason = say_refused(session.refusal, session.reason, self._address, self._settings)
        self._note_trouble(reason)
        # A wrong password does not mend itself, and brokers ban those who insist.
        return self._backoff.longest_seconds() if session.refusal else self._backoff.next_seconds()

    def _after_end(self, session: Session) -> float:
        if self._stop_at is None:
            self._note_trouble(session.reason or "the broker acknowledged nothing")
        if time.monotonic() - self._accepted_at >= STABLE_SECONDS:
            self._flaps = 0
            self._backoff.reset()
        else:
            self._flaps += 1
        # Not every broker says so when it throws a client out for another one of the same name.
        if session.end_code == _TAKEN_OVER or self._flaps == FLAPS_UNTIL_SUSPICION:
            _log.error(
                "connections end soon after they begin: does another daemon use the same client id?",
                client_id=self.client_id,
                reason=session.reason,
            )
            return self._backoff.longest_seconds()
        return self._backoff.next_seconds()

    def _note_trouble(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.warning("no connection to publish on", broker=str(self._address), reason=trouble)
        self.trouble = trouble

    def _serve(self, session: Session) -> None:
        delivery = Delivery(
            self._outbox,
            self.names,
            session,
            self.tally,
            properties=self._event_properties(),
            clock=self._clock,
        )
        self._begin(session)
        while session.alive and not delivery.stuck(time.monotonic()):
            self._on_progress()
            sent = self._send_due(session, delivery)
            if self._stop_at is not None and self._finished(self._stop_at, delivery, sent):
                self._say_goodbye(session, self._stop_at)
                return
            session.step(self._longest_step(session, delivery))
            delivery.settle(session.take_acknowledged(), time.monotonic())

    def _begin(self, session: Session) -> None:
        self._accepted_at = time.monotonic()
        self._versions.accepted()
        # What waits is of before. Only now may another connection be seen, on which all is told as it is by now.
        self._states.drop()
        birth = online_json(self._version, self.client_id, self._started_at)
        session.publish(self.names.status, birth, 1, True)
        self.connections += 1
        self.trouble = ""
        self.connected.set()
        _log.info("publishing", broker=str(self._address), client_id=self.client_id, protocol=self.protocol)

    def _send_due(self, session: Session, delivery: Delivery) -> int:
        """Send events, and states once no event waits for its turn; return how many events that were."""
        # Wakes are forgotten before the queues are looked at, so that one that comes between is not lost.
        self._waker.clear()
        now = time.monotonic()
        sent = delivery.fill(now)
        if not (session.congested or delivery.is_full):
            for state in self._states.take(_STATES_A_STEP):
                session.publish(self.names.state(state.sensor), state_json(state), 0, True)
                self.states_published += 1
        return sent

    def _longest_step(self, session: Session, delivery: Delivery) -> float:
        # A session that is congested ends its step when the broker takes more, or has acknowledged something.
        may_send = not (session.congested or delivery.is_full)
        return 0.0 if self._states.waiting and may_send else _LONGEST_STEP_SECONDS

    def _finished(self, stop_at: float, delivery: Delivery, sent: int) -> bool:
        if time.monotonic() >= stop_at - GOODBYE_SECONDS / 2:
            return True
        return self._all_handed_in() and sent == 0 and delivery.in_flight == 0

    def _say_goodbye(self, session: Session, stop_at: float) -> None:
        mid = session.publish(self.names.status, offline_json("stopped"), 1, True)
        end = min(stop_at, time.monotonic() + GOODBYE_SECONDS)
        answered = mid is None
        while not answered and time.monotonic() < end and session.step(0.1):
            answered = any(answer.mid == mid for answer in session.take_acknowledged())

    def _event_properties(self) -> Properties | None:
        if self._versions.current is not MQTTProtocolVersion.MQTTv5:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        return properties
