"""A simple MQTT client for commands that publish or watch for a while: it connects or says why not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from offbeat.config.broker_url import parse_address
from offbeat.config.settings import MqttSettings
from offbeat.errors import UnavailableError
from offbeat.link.client import build_client, connect

CONNECT_SECONDS = 10.0
FLUSH_SECONDS = 5.0
_MOST_IN_FLIGHT = 1000

OnMessage = Callable[[str, bytes], None]


class PlainClient:
    """One connection with a network thread of paho's; use it in a `with` statement.

    It speaks MQTT 3.1.1, which every broker knows, and does not reconnect: its commands are short.

    Args:
        settings: address, credentials and TLS files.
        client_id: must be unique at the broker.
        on_message: gets topic and payload of what was subscribed to, in the network thread.
    """

    def __init__(self, settings: MqttSettings, client_id: str, on_message: OnMessage | None = None) -> None:
        self._settings = settings
        self._address = parse_address(settings.url)
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._refusal = ""
        self._last: mqtt.MQTTMessageInfo | None = None
        self._client = build_client(
            mqtt.Client, settings, self._address, client_id, MQTTProtocolVersion.MQTTv311
        )
        self._client.max_inflight_messages_set(_MOST_IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        if on_message is not None:
            self._client.on_message = _handing_on(on_message)

    def open(self) -> Self:
        """Connect, and return once the broker said yes.

        Raises:
            UnavailableError: it cannot be reached, or it refused; the message says why and what to do.
        """
        try:
            connect(self._client, self._settings, self._address)
        except OSError as error:
            raise UnavailableError(
                f"the broker at {self._address} cannot be reached: {error.strerror or error}; is it running, and is "
                "the address right?"
            ) from error
        self._client.loop_start()
        if not self._answered.wait(CONNECT_SECONDS):
            self.close()
            raise UnavailableError(
                f"{self._address} takes connections but gave no answer within {CONNECT_SECONDS:g} s; is it a broker?"
            )
        if self._refusal:
            self.close()
            raise UnavailableError(
                f"the broker at {self._address} refused the connection: {self._refusal}; check user name and password"
            )
        return self

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return self._client.is_connected()

    def subscribe(self, *filters: str) -> None:
        """Subscribe with QoS 1 and wait for the broker's answer.

        Raises:
            UnavailableError: the broker did not answer in time.
        """
        self._subscribed.clear()
        self._client.subscribe([(one, 1) for one in filters])
        if not self._subscribed.wait(CONNECT_SECONDS):
            raise UnavailableError(f"the broker at {self._address} did not confirm the subscription in time")

    def publish(self, topic: str, payload: bytes, qos: int) -> None:
        """Hand a message to the network thread.

        Raises:
            UnavailableError: the connection is lost.
        """
        info = self._client.publish(topic, payload, qos)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise UnavailableError(f"the connection to the broker at {self._address} is lost: it went away")
        if qos:
            self._last = info

    def close(self) -> None:
        """Wait a moment for what is on its way, say goodbye and end the thread."""
        if self._last is not None and self._client.is_connected():
            self._last.wait_for_publish(FLUSH_SECONDS)
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        """Connect."""
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self.close()

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        self._refusal = str(code) if code.is_failure else ""
        self._answered.set()

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        _codes: list[ReasonCode],
        _props: Properties | None,
    ) -> None:
        self._subscribed.set()


def _handing_on(on_message: OnMessage) -> Callable[[mqtt.Client, object, MQTTMessage], None]:
    return lambda _client, _data, message: on_message(message.topic, bytes(message.payload))
