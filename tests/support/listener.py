"""A subscriber that writes down all it hears."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Heard:
    """One message as it arrived."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Listener:
    """What a subscriber has heard, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard: list[Heard] = []

    def add(self, message: Heard) -> None:
        """Write a message down."""
        with self._lock:
            self._heard.append(message)

    def heard(self, topic: str | None = None) -> list[Heard]:
        """Return what was heard, on one topic or on all."""
        with self._lock:
            return [message for message in self._heard if topic is None or message.topic == topic]


@contextmanager
def listening(port: int, topic_filter: str = "#") -> Iterator[Listener]:
    """Subscribe at a broker of this machine, and yield once the broker has granted it."""
    listener = Listener()
    granted = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe(topic_filter, qos=1)
    client.on_subscribe = lambda *_: granted.set()
    client.on_message = lambda _client, _userdata, message: listener.add(
        Heard(message.topic, message.payload, message.qos, message.retain)
    )
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        wait_until(granted.is_set, 10, "the subscription to be granted")
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()
