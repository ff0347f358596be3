"""Publishing as any client would, for tests that listen."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def publish(port: int, messages: Iterable[tuple[str, bytes]], *, qos: int = 1, retain: bool = False) -> None:
    """Publish messages in order over a connection of their own; return when the broker has taken all of them."""
    with connected(port) as client:
        for info in [client.publish(topic, payload, qos, retain) for topic, payload in messages]:
            info.wait_for_publish(20.0)
            assert info.is_published()


@contextmanager
def connected(port: int) -> Iterator[mqtt.Client]:
    """Yield a client that a broker of this machine has let in; end its connection."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    let_in = threading.Event()
    client.on_connect = lambda *_: let_in.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert let_in.wait(10.0), "the broker did not accept the publisher"
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
