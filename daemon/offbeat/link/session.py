"""One connection to a broker, driven by the thread that uses it.

paho's own thread dies silently when anything raises in it, and keeps packets of lost connections. Here the
owner's thread calls `step`; nothing runs behind its back, and a lost connection is a lost object.
"""

from __future__ import annotations

import select
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from offbeat.link.waker import Waker

_READABLE = select.POLLIN | select.POLLERR | select.POLLHUP


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The broker's answer to a QoS 1 message.

    Attributes:
        mid: as `Session.publish` returned it.
        code: reason code; 0x80 and above refuse.
        reason: its name.
    """

    mid: int
    code: int
    reason: str

    @property
    def refused(self) -> bool:
        """Whether the broker did not take the message."""
        return self.code >= 0x80


class Session:
    """A connection whose CONNECT has been sent. All methods belong to one thread.

    Args:
        client: connected by `offbeat.link.client.connect`; its callbacks are taken over.
        waker: what else ends a `step` early.

    Attributes:
        accepted: whether the broker's CONNACK said yes.
        refusal: reason code of a CONNACK that said no, else 0.
        reason: why the connection was refused or ended, in words; empty as long as neither happened.
        end_code: reason code of the broker's DISCONNECT, else 0.
        limits: properties of the CONNACK, such as ReceiveMaximum; empty with MQTT 3.1.1.
    """

    def __init__(self, client: mqtt.Client, waker: Waker) -> None:
        self.accepted = False
        self.refusal = 0
        self.reason = ""
        self.end_code = 0
        self.limits: dict[str, int] = {}
        self._client = client
        self._waker = waker
        self._acknowledged: list[Acknowledgement] = []
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish

    @property
    def alive(self) -> bool:
        """Whether the connection stands, accepted or not yet answered."""
        return self._client.socket() is not None

    @property
    def congested(self) -> bool:
        """Whether bytes wait because the broker does not read them."""
        return self._client.want_write()

    def step(self, timeout_seconds: float) -> bool:
        """Wait for traffic or a wake, handle it, and keep the connection alive.

        Args:
            timeout_seconds: the longest wait; at most a quarter of the keepalive, or pings go out late.

        Returns:
            Whether the connection still stands.
        """
        sock = self._client.socket()
        if sock is None:
            return False
        # What TLS has decrypted already is in no socket's buffer: poll would not see it.
        buffered = getattr(sock, "pending", lambda: 0)() > 0
        poll = select.poll()
        poll.register(self._waker.fileno(), select.POLLIN)
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(sock.fileno(), wanted)
        events = dict(poll.poll(0 if buffered else max(0.0, timeout_seconds) * 1000))
        ready = events.get(sock.fileno(), 0)
        if (buffered or ready & _READABLE) and not self._ok(self._client.loop_read()):
            return False
        if ready & select.POLLOUT and not self._ok(self._client.loop_write()):
            return False
        return self._ok(self._client.loop_misc()) and self.alive

    def publish(
        self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None = None
    ) -> int | None:
        """Send a message; return its id, or None if the connection is lost.

        Raises:
            ValueError: the topic or payload is not one that MQTT can carry.
        """
        info = self._client.publish(topic, payload, qos, retain, properties)
        return info.mid if info.rc is MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def take_acknowledged(self) -> list[Acknowledgement]:
        """Return the answers that came since the last call, in order."""
        taken, self._acknowledged = self._acknowledged, []
        return taken

    def close(self) -> None:
        """Say goodbye, if there is somebody left to hear it: the broker then does not send the last will."""
        self._client.disconnect()
        # A broker that does not read leaves the goodbye in our buffer and the socket open.
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _ok(self, result: MQTTErrorCode) -> bool:
        if result is MQTTErrorCode.MQTT_ERR_SUCCESS:
            return True
        self.reason = self.reason or mqtt.error_string(result)
        return False

    def _on_connect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason_code.is_failure:
            self.refusal, self.reason = reason_code.value, str(reason_code)
            return
        self.accepted = True
        for name in ("ReceiveMaximum", "MaximumPacketSize"):
            if (value := getattr(properties, name, None)) is not None:
                self.limits[name] = int(value)

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.end_code = reason_code.value
            self.reason = self.reason or f"the broker ended the connection: {reason_code}"
        # paho calls a broken connection an "Unspecified error".
        self.reason = self.reason or "the connection broke"

    def _on_publish(
        self,
        _client: mqtt.Client,
        _userdata: object,
        mid: int,
        reason_code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._acknowledged.append(Acknowledgement(mid, reason_code.value, str(reason_code)))
