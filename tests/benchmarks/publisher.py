"""A load generator in Python, for machines without the one in C; same arguments, same topics, same payloads.

``python -m tests.benchmarks.publisher PORT COUNT QOS WINDOW TOPICS PAYLOAD_BYTES RATE``; prints what it reached.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from dataclasses import dataclass

BURST = 500
TURN_SECONDS = 0.001
_CONNECT = b"\x10\x15\x00\x04MQTT\x04\x02\x00\x00\x00\x09benchload"
_PUBACK_BYTES = 4


@dataclass(slots=True)
class Publisher:
    """One connection that publishes at a rate.

    Attributes:
        connection: after its handshake, not blocking.
        count, qos, window, topics, payload_bytes, rate: as the arguments.
        sent, acknowledged: messages so far.
    """

    connection: socket.socket
    count: int
    qos: int
    window: int
    topics: int
    payload_bytes: int
    rate: float
    sent: int = 0
    acknowledged: int = 0

    def run(self) -> float:
        """Publish all; return the seconds it took until the broker had taken them."""
        began, waiting, acks = time.monotonic(), b"", 0
        while self.sent < self.count or waiting or (self.qos and self.acknowledged < self.count):
            if not waiting:
                waiting = self._burst(time.monotonic() - began)
            writers = [self.connection] if waiting else []
            readable, writable, _ = select.select([self.connection], writers, [], TURN_SECONDS)
            if writable:
                waiting = waiting[self.connection.send(waiting) :]
            if readable:
                data = self.connection.recv(1 << 16)
                if not data:
                    raise ConnectionError(f"the broker closed the connection after {self.sent} messages")
                acks += len(data)
                self.acknowledged = acks // _PUBACK_BYTES
        return time.monotonic() - began

    def _burst(self, elapsed: float) -> bytes:
        due = min(self.count, int(self.rate * elapsed) + 1, self.sent + BURST)
        if self.qos:
            due = min(due, self.acknowledged + self.window)
        first, self.sent = self.sent, max(due, self.sent)
        now = time.time()
        return b"".join(self._packet(number, now) for number in range(first, self.sent))

    def _packet(self, number: int, now: float) -> bytes:
        topic = b"plant/line%d/sensor%d/state" % (number % 7, number % self.topics)
        payload = b'{"ts":%.4f,"value":%.4f,"seq":%d,"q":1' % (now, 20 + number % 1000 * 1e-3, number)
        payload = payload.ljust(self.payload_bytes - 1, b"1") + b"}"
        identifier = (number % 65535 + 1).to_bytes(2, "big") if self.qos else b""
        size = 2 + len(topic) + len(identifier) + len(payload)
        return b"%c%c%c%c%b%b%b" % (0x30 | self.qos << 1, size, 0, len(topic), topic, identifier, payload)


def main() -> None:
    """Publish what the arguments ask for."""
    port, count, qos, window, topics, payload_bytes = map(int, sys.argv[1:7])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(_CONNECT)
        assert connection.recv(4) == b"\x20\x02\x00\x00", "the broker refused the load generator"
        connection.setblocking(False)
        rate = float(sys.argv[7])
        seconds = Publisher(connection, count, qos, window, topics, payload_bytes, rate).run()
        print(f"pub n={count} qos={qos} {seconds:.3f}s {count / seconds:.0f}/s", flush=True)
        connection.setblocking(True)
        connection.sendall(b"\xe0\x00")


if __name__ == "__main__":
    main()
