"""The daemon's way out: events at least once, states as last values, and whether the daemon is online."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from offbeat.config.settings import AlertSettings, MqttSettings
from offbeat.core.events import EpisodeEvent
from offbeat.link.waker import Waker
from offbeat.publish.intake import Intake
from offbeat.publish.outbox import Lost, Outbox
from offbeat.publish.sender import Sender
from offbeat.publish.state_topics import SensorState, StateTopics
from offbeat.publish.topic_names import TopicNames

_JOIN_SLACK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class PublisherStatistics:
    """What a publisher has done, and how it is.

    Attributes:
        connected: whether the broker takes messages now.
        connections: how often it accepted a connection.
        protocol: "5" or "3.1.1", as tried last.
        outbox_depth: events that wait.
        published: events that the broker acknowledged.
        refused: answers with which it refused one.
        lost: events that were given up, by reason.
        states_published: messages on state topics.
        states_waiting: sensors whose newest state has not been sent.
        disk_errors: writes and syncs that the disk did not take.
        degraded: whether events wait in memory only, or a power cut could take some that no reading brings back.
        quarantined: damaged outbox files put aside.
        trouble: why there is no connection, in words; empty when there is one.
    """

    connected: bool
    connections: int
    protocol: str
    outbox_depth: int
    published: int
    refused: int
    lost: dict[Lost, int]
    states_published: int
    states_waiting: int
    disk_errors: int
    degraded: bool
    quarantined: int
    trouble: str


class Publisher:
    """Publishes on an MQTT connection of its own, so that alerts and the flood of readings share no queue.

    Two threads: one writes events to the outbox, one owns the connection and sends what the outbox holds. No
    method but `committed`, `wait_connected` and `stop` waits for a disk or a broker. The broker may be away:
    `start` succeeds, and what was decided meanwhile goes out later.

    Args:
        mqtt: broker, credentials, protocol; the client id gets the suffix "-pub".
        alerts: root of the topics.
        outbox: where events wait; closed by `stop`.
        version: of the daemon, for the status message.
        on_progress: called by the connection's thread at least once a second, unless it hangs.
        random: jitter of the waits between connections.
        clock: unix seconds.

    Raises:
        ConfigError: the settings name a broker or a file that cannot be used.
    """

    def __init__(
        self,
        mqtt: MqttSettings,
        alerts: AlertSettings,
        outbox: Outbox,
        version: str,
        *,
        on_progress: Callable[[], None] = lambda: None,
        random: Random | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._outbox = outbox
        self._states = StateTopics()
        self._waker = Waker()
        self._intake = Intake(outbox, self._waker.wake)
        self._version = version
        self._on_progress = on_progress
        self._random = random or Random()  # noqa: S311 - jitter, no secret
        self._clock = clock
        self._sender = self.way_out(mqtt, alerts)

    def way_out(self, mqtt: MqttSettings, alerts: AlertSettings) -> Sender:
        """Return a connection to publish on, looked over and not begun.

        Raises:
            ConfigError: the settings name a broker or a file that cannot be used.
        """
        return Sender(
            mqtt,
            TopicNames(alerts.root),
            self._outbox,
            self._states,
            self._waker,
            self._version,
            self._on_progress,
            self._random,
            self._clock,
        )

    def publish_through(self, way: Sender, patience_seconds: float) -> None:
        """Publish on another connection from now on: say goodbye on the present one, then begin on that one.

        What the broker did not acknowledge in time waits in the outbox, and goes out on the new one.

        Args:
            way: from `way_out`.
            patience_seconds: for the goodbye.
        """
        before = self._sender
        before.stop(time.monotonic() + patience_seconds, lambda: True)
        before.join(patience_seconds + _JOIN_SLACK_SECONDS)
        way.count_on_from(before)
        self._sender = way
        way.start()

    @property
    def names(self) -> TopicNames:
        """The topics."""
        return self._sender.names

    @property
    def client_id(self) -> str:
        """By which the broker knows the connection."""
        return self._sender.client_id

    def start(self) -> None:
        """Start the threads; the connection is made in the background."""
        self._intake.start()
        self._sender.start()

    def publish(self, events: Sequence[EpisodeEvent]) -> None:
        """Hand in events in the order they were decided; returns at once."""
        if events:
            self._intake.put(events)

    def put_states(self, states: Iterable[SensorState]) -> None:
        """Hand in what is known of some sensors by now; returns at once.

        What was not sent when another `connection` begins is dropped: by then it is old, and is to be handed in anew.
        """
        self._states.put(states)
        if self._states.waiting:
            self._waker.wake()

    @property
    def states_waiting(self) -> int:
        """Sensors whose newest state has not been sent."""
        return self._states.waiting

    @property
    def connection(self) -> int:
        """Number of the connection that the broker takes messages on, counted from 1; 0 while there is none."""
        sender = self._sender
        return sender.connections if sender.connected.is_set() else 0

    def committed(self, timeout_seconds: float) -> bool:
        """Wait until every event handed in would outlive a power cut; a snapshot may be written only then.

        Returns:
            Whether that is so in time; False also while the disk refuses and events wait in memory.
        """
        return self._intake.committed(timeout_seconds) and self._outbox.sync()

    def wait_connected(self, timeout_seconds: float) -> bool:
        """Wait until the broker takes messages; return whether it does in time."""
        return self._sender.connected.wait(timeout_seconds)

    def stop(self, deadline_seconds: float) -> bool:
        """Send what waits, say offline, disconnect, end the threads and close the outbox.

        What cannot be sent in time stays in the outbox for the next start.

        Returns:
            Whether every event was delivered.
        """
        end = time.monotonic() + deadline_seconds
        self._intake.stop()
        self._sender.stop(end, lambda: self._intake.finished)
        self._intake.join(end - time.monotonic() + _JOIN_SLACK_SECONDS)
        self._sender.join(max(0.0, end - time.monotonic()) + _JOIN_SLACK_SECONDS)
        delivered = self._intake.finished and self._outbox.depth == 0
        if self._intake.finished and not self._sender.running:
            self._outbox.close()
        return delivered

    def statistics(self) -> PublisherStatistics:
        """Return counts and condition; cheap, and safe from any thread."""
        outbox, sender = self._outbox, self._sender
        return PublisherStatistics(
            connected=sender.connected.is_set(),
            connections=sender.connections,
            protocol=sender.protocol,
            outbox_depth=outbox.depth,
            published=sender.tally.published,
            refused=sender.tally.refused,
            lost=dict(outbox.lost),
            states_published=sender.states_published,
            states_waiting=self.states_waiting,
            disk_errors=outbox.disk_errors,
            degraded=outbox.degraded,
            quarantined=outbox.quarantined,
            trouble=sender.trouble,
        )
