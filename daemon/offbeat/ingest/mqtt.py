"""The source that listens to a broker: keeps a connection, writes down what comes, hands it on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import structlog
from paho.mqtt.enums import MQTTProtocolVersion

from offbeat.config.settings import MqttSettings
from offbeat.errors import ConfigError
from offbeat.ingest.bulk_reader import ReadingClient, choose_client
from offbeat.ingest.clock_steps import ClockSteps
from offbeat.ingest.connection import Connection
from offbeat.ingest.held_topics import HeldTopics
from offbeat.ingest.journal import REFUSED, Journal
from offbeat.ingest.link_log import LinkLog
from offbeat.ingest.link_status import (
    LinkStatus,
    say_taken_over,
    say_topics_refused,
)
from offbeat.ingest.source import DEAF, LISTENING, Deliver, LogBatch, RawMessage
from offbeat.ingest.source_counts import SourceCounts
from offbeat.ingest.topics import Subscription
from offbeat.ingest.volatile_log import VolatileLog
from offbeat.ingest.wish import Wish
from offbeat.link.backoff import backoff_of
from offbeat.link.client import build_client, connect
from offbeat.link.versions import VersionChooser
from offbeat.link.waker import Waker
from offbeat.link.words import say_closed_silently, say_refused, say_unreachable

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEP_SECONDS = 0.5
CONNACK_SECONDS = 10.0
STABLE_SECONDS = 10.0
"""A connection that lasted this long was a good one: the next attempt comes soon."""
ENDS_UNTIL_SUSPICION = 3
SUSPICION_SECONDS = 60.0


class MqttSource:
    """A broker's messages as a log: `Source` over a connection and a journal.

    One thread owns the connection. It never ends before `stop`: whatever fails is told in `status` and tried
    again, later and later. Messages of QoS 1 are acknowledged when the journal has made them durable.

    Args:
        settings: broker, credentials, protocol.
        subscriptions: from `TopicTable.subscriptions`.
        log: where messages go; it stays the caller's to close.
        max_payload_bytes: longer payloads are not kept; the message is flagged.
        on_link: told of every change of the status, in the reader's thread.
        on_progress: called at least every few seconds, unless the thread hangs: for a watchdog.
        clock: unix seconds, for the arrival of messages.
        random: jitter of the waits between connections.
        client_kind: how messages are read; None leaves it to `choose_client`.
        held: what a session at the broker may hold from before; without it that is known of this process only.

    Raises:
        ConfigError: the settings name a broker or a file that cannot be used.
    """

    def __init__(
        self,
        settings: MqttSettings,
        subscriptions: list[Subscription],
        log: Journal | VolatileLog,
        max_payload_bytes: int,
        *,
        on_link: Callable[[LinkStatus], None] = lambda _status: None,
        on_progress: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        client_kind: type[ReadingClient] | None = None,
        held: HeldTopics | None = None,
    ) -> None:
        self.counts = SourceCounts()
        self._journal = log
        self._on_link = on_link
        self._on_progress = on_progress
        self._clock = clock
        self._jitter = random or Random()  # noqa: S311 - no secret
        self._held = held or HeldTopics(None)
        self._kind = client_kind or choose_client()
        self._waker = Waker()
        self._deliver: Deliver = lambda _batch: None
        self._status = LinkStatus("disconnected", reason="not started")
        self._ends: deque[float] = deque(maxlen=ENDS_UNTIL_SUSPICION)
        self._durable = 0
        self._last_message = self._last_turn = time.monotonic()
        self._stopping = self._released = self._marked = False
        self._clock_steps = ClockSteps(clock(), time.monotonic())
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        # A file that cannot be used must stop the start, not the thread.
        self._wish = self._asked = self.wish(settings, subscriptions, max_payload_bytes)
        self._meet_broker()

    def wish(self, settings: MqttSettings, subscriptions: list[Subscription], max_payload_bytes: int) -> Wish:
        """Return what is to be listened to, looked over: every file that it names can be used.

        Raises:
            ConfigError: the settings name a broker or a file that cannot be used.
        """
        wish = Wish(settings, subscriptions, max_payload_bytes)
        self._build(wish, VersionChooser(settings.protocol).current)
        return wish

    def listen_to(self, wish: Wish) -> Wish:
        """Listen to something else from the next turn of the reader on; return what was listened to before.

        Where only topics differ, the connection stands and what is subscribed as before goes on; else it is made anew.
        """
        before, self._asked = self._asked, wish
        self._waker.wake()
        return before

    @property
    def next_offset(self) -> int:
        """Where the next batch will begin in the log."""
        return self._journal.next_offset

    @property
    def status(self) -> LinkStatus:
        """How the connection is."""
        return self._status

    @property
    def last_activity_seconds(self) -> float:
        """How long ago the last message came, or the start of waiting for the first one."""
        return time.monotonic() - self._last_message

    def alive(self, patience_seconds: float = 30.0) -> bool:
        """Tell whether the reader's thread runs and has taken a turn in the last seconds."""
        return self._thread.is_alive() and time.monotonic() - self._last_turn < patience_seconds

    def read(self, from_offset: int) -> Iterator[LogBatch]:
        """Return the batches of the log from an offset on."""
        return self._journal.read(from_offset)

    def commit(self, offset: int) -> None:
        """Allow what lies before the offset to be forgotten."""
        self._journal.commit(offset)

    def start(self, deliver: Deliver) -> None:
        """Start the thread; the connection is made in the background.

        Args:
            deliver: takes each batch in the reader's thread, after it was given to the journal.
        """
        self._deliver = deliver
        self._durable = self._journal.durable_offset
        self._journal.on_durable = self._note_durable
        self._thread.start()

    def stop(self, timeout_seconds: float) -> bool:
        """Read nothing more, make what was read durable, acknowledge it, disconnect.

        Subscriptions are left as they are: a persistent session goes on collecting at the broker.

        Returns:
            Whether all of it was done in time.
        """
        end = time.monotonic() + timeout_seconds
        self._stopping = True
        self._waker.wake()
        durable = self._journal.sync(timeout_seconds)
        self._released = True
        self._waker.wake()
        if self._thread.ident is not None:
            self._thread.join(max(0.1, end - time.monotonic()))
        return durable and not self._thread.is_alive()

    def _note_durable(self, offset: int) -> None:
        self._durable = offset
        self._waker.wake()

    def _run(self) -> None:
        while not self._stopping:
            try:
                wait = self._attempt()
            except Exception as error:  # noqa: BLE001 - without this thread the daemon is deaf
                _log.exception("the reader failed; it begins anew")
                self._report(LinkStatus("disconnected", reason=f"the reader failed: {error!r}"))
                wait = self._backoff.longest_seconds()
            self._rest(wait)
        self._report(LinkStatus("stopped", protocol=self._status.protocol))

    def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopping and (left := end - time.monotonic()) > 0 and self._asked is self._wish:
            self._turn()
            self._waker.wait(min(left, STEP_SECONDS))

    def _turn(self) -> None:
        self._last_turn = time.monotonic()
        self._on_progress()

    def _adopt(self, asked: Wish) -> None:
        """Go on with what is asked for; what is known of the broker stays where it is the same."""
        before, self._wish = self._wish, asked
        if before.settings != self._wish.settings:
            self._meet_broker()

    def _meet_broker(self) -> None:
        wish, settings = self._wish, self._wish.settings
        self.client_id = wish.client_id
        self._versions = VersionChooser(settings.protocol)
        self._backoff = backoff_of(settings, wish.address, self._jitter)
        self._link_log = LinkLog(str(wish.address), wish.client_id)
        self._ends.clear()

    def _build(self, wish: Wish, version: MQTTProtocolVersion) -> ReadingClient:
        persistent = wish.settings.persistent_session
        return build_client(
            self._kind, wish.settings, wish.address, wish.client_id, version, persistent=persistent
        )

    def _attempt(self) -> float:
        """Hold one connection as long as it lasts; return how long to wait before the next."""
        self._turn()
        if self._asked is not self._wish:
            self._adopt(self._asked)
        wish = self._wish
        protocol = "5" if self._versions.current is MQTTProtocolVersion.MQTTv5 else "3.1.1"
        if not self._status.protocol:
            self._report(LinkStatus("connecting", protocol=protocol))
        try:
            client = self._build(wish, self._versions.current)
            made = Connection(
                client,
                self._waker,
                wish.subscriptions,
                self._take,
                wish.max_payload_bytes,
                self._held.begin(wish),
            )
            connect(
                client,
                wish.settings,
                wish.address,
                persistent=wish.settings.persistent_session,
                receive_maximum=wish.settings.receive_maximum,
            )
        except (OSError, ValueError, ConfigError) as error:
            reason = say_unreachable(error, wish.address) if isinstance(error, OSError) else str(error)
            self._ends.clear()
            self._report(LinkStatus("disconnected", reason=reason, protocol=protocol))
            return self._backoff.next_seconds()
        try:
            self._await_connack(made)
            if not made.session.accepted:
                return self._after_refusal(made, client, protocol)
            return self._serve(made, protocol)
        finally:
            made.close()

    def _await_connack(self, made: Connection) -> None:
        end = time.monotonic() + CONNACK_SECONDS
        while not (made.session.accepted or self._stopping) and time.monotonic() < end:
            self._turn()
            self._waker.clear()
            if not made.step(STEP_SECONDS):
                return

    def _after_refusal(self, made: Connection, client: ReadingClient, protocol: str) -> float:
        session = made.session
        if self._stopping:
            return 0.0
        if session.refusal:
            other = self._versions.refused(session.refusal)
            reason = say_refused(session.refusal, session.reason, self._wish.address, self._wish.settings)
        elif session.alive:
            other, reason = False, f"{self._wish.address} does not answer our CONNECT: is it an MQTT broker?"
        else:
            other = self._versions.closed_silently()
            reason = say_closed_silently(client.read_error, self._wish.address)
        if other:
            _log.info("the broker does not speak this version of MQTT; another one is tried", tried=protocol)
            return 0.0
        state = LinkStatus("refused" if session.refusal else "disconnected", reason=reason, protocol=protocol)
        self._report(state)
        # A wrong password does not mend itself, and brokers ban those who insist.
        return self._backoff.longest_seconds() if session.refusal else self._backoff.next_seconds()

    def _serve(self, made: Connection, protocol: str) -> float:
        began = time.monotonic()
        self._versions.accepted()
        self.counts.connections += 1
        self._marked = False
        while True:
            self._report_served(made, protocol)
            if not self._marked and self._status.state == "subscribed":
                self._marked = True
                self._write_down([LISTENING])
            self._turn()
            self._waker.clear()
            made.acknowledge(self._durable)
            if self._stopping:
                return self._finish(made)
            if made.unlogged and self._durable == self._journal.next_offset:
                # The log takes messages again. What it did not take was not acknowledged: it comes once more.
                return 0.0
            if self._asked is not self._wish and not self._follow(made):
                if self._marked:
                    self._write_down([DEAF])
                self._report(LinkStatus("connecting", reason="the settings have changed", protocol=protocol))
                return 0.0
            if made.settled:
                self._held.settled(self._wish)
            if not made.step(STEP_SECONDS):
                if self._marked:
                    self._write_down([DEAF])
                return self._after_end(made, began, protocol)

    def _follow(self, made: Connection) -> bool:
        """Do on a standing connection what is asked for now; return whether that can be done on it."""
        asked = self._asked
        if not self._wish.shares_connection(asked):
            return False
        self._adopt(asked)
        self._held.begin(asked)
        made.resubscribe(self._wish.subscriptions)
        return True

    def _finish(self, made: Connection) -> float:
        while not self._released:
            self._turn()
            self._waker.wait(STEP_SECONDS)
        made.acknowledge(self._durable)
        return 0.0

    def _report_served(self, made: Connection, protocol: str) -> None:
        state = LinkStatus(
            "connected", connected=True, session_present=made.session_present, protocol=protocol
        )
        if made.refused_topics:
            reason = say_topics_refused(made.refused_topics)
            state = replace(state, state="refused", reason=reason, refused_topics=made.refused_topics)
        elif made.answered or not self._wish.subscriptions:
            state = replace(state, state="subscribed")
        self._report(state)

    def _after_end(self, made: Connection, began: float, protocol: str) -> float:
        now = time.monotonic()
        if now - began >= STABLE_SECONDS:
            self._backoff.reset()
            self._link_log.begin_anew()
        self._ends.append(now)
        reason, wait = f"{self._wish.address}: {made.session.reason}", self._backoff.next_seconds()
        # Few brokers say so when they throw a client out for another one of the same name.
        if len(self._ends) == ENDS_UNTIL_SUSPICION and now - self._ends[0] < SUSPICION_SECONDS:
            reason, wait = say_taken_over(self.client_id), self._backoff.longest_seconds()
        self._report(LinkStatus("disconnected", reason=reason, protocol=protocol))
        return wait

    def _take(self, messages: list[RawMessage]) -> int:
        """Write messages down and hand them on; return the offset behind them. Never raises."""
        self._last_message = time.monotonic()
        self.counts.messages += len(messages)
        self.counts.batches += 1
        # What the clock says of the time before it was set means nothing; a replay of the log has to know that, too.
        if self._clock_steps.look(self._clock(), time.monotonic()) and self._marked:
            self._write_down([LISTENING])
        return self._write_down(messages)

    def _write_down(self, messages: list[RawMessage]) -> int:
        arrival = self._clock()
        first = self._journal.next_offset
        try:
            offset = self._journal.append(messages, arrival)
        except Exception:  # noqa: BLE001 - unacknowledged, the messages come again
            _log.exception("messages could not be written to the journal")
            offset = REFUSED
        following = first if offset == REFUSED else offset
        try:
            self._deliver(LogBatch(first, following, arrival, messages))
        except Exception:  # noqa: BLE001 - the next batch may be a better one
            self.counts.delivery_failures += 1
            _log.exception("a batch of messages could not be worked on")
        return offset

    def _report(self, status: LinkStatus) -> None:
        if status == self._status:
            return
        self._status = status
        self._link_log.tell(status)
        try:
            self._on_link(status)
        except Exception:  # noqa: BLE001 - whoever listens must not stop the reader
            _log.exception("a change of the connection could not be told")
