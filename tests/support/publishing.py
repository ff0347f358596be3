"""Publishing as any client would, for tests that listen."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion


def publish(port: int, messages: Iterable[tuple[str, bytes]], *, qos: int = 1, retain: bool = False) -> None:
    """Publish messages in order over a connection of their own; return when the broker has taken all of them."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert connected.wait(10.0), "the broker did not accept the publisher"
        for info in [client.publish(topic, payload, qos, retain) for topic, payload in messages]:
            info.wait_for_publish(20.0)
            assert info.is_published()
    finally:
        client.disconnect()
        client.loop_stop()
