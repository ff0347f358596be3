"""A broker that does one thing: it floods its one subscriber with prepared PUBLISH packets.

It costs next to nothing itself, so what a client's process spends is the client's own cost. Run as
``python -m tests.benchmarks.flood COUNT QOS``; prints its port, serves one client, ends.
"""

from __future__ import annotations

import socket
import sys

TOPICS = 1000
BLOCK_MESSAGES = 2000
MQTT_5 = 5


def packet(number: int, qos: int, *, v5: bool) -> bytes:
    """Return one PUBLISH of a 60-byte JSON payload."""
    topic = f"plant/line{number % 7}/sensor{number % TOPICS}/state".encode()
    payload = b'{"ts":%.4f,"value":%.4f,"seq":%d,"q":1' % (1.7e9 + number * 1e-3, 20 + number % 1000 * 1e-3, number)
    payload = payload.ljust(59, b"1") + b"}"
    identifier = (number % 65535 + 1).to_bytes(2, "big") if qos else b""
    body = len(topic).to_bytes(2, "big") + topic + identifier + (b"\x00" if v5 else b"") + payload
    return bytes([0x30 | qos << 1, len(body)]) + body


def read_packet(connection: socket.socket) -> tuple[int, bytes]:
    """Return the type and the body of the next packet; only short packets are expected."""
    header = connection.recv(1)
    if not header:
        raise ConnectionError("the client went away")
    length, shift = 0, 0
    while True:
        byte = connection.recv(1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            break
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return header[0] >> 4, body


def serve(connection: socket.socket, count: int, qos: int) -> None:
    """Answer the handshake, send the flood, then read until the client leaves."""
    _, connect = read_packet(connection)
    v5 = connect[6] == MQTT_5
    connection.sendall(b"\x20\x03\x00\x00\x00" if v5 else b"\x20\x02\x00\x00")
    _, subscribe = read_packet(connection)
    connection.sendall(b"\x90" + (b"\x04" + subscribe[:2] + b"\x00" if v5 else b"\x03" + subscribe[:2]) + bytes([qos]))
    for start in range(0, count, BLOCK_MESSAGES):
        block = b"".join(packet(n, qos, v5=v5) for n in range(start, min(start + BLOCK_MESSAGES, count)))
        connection.sendall(block)
    while connection.recv(1 << 16):
        pass


def main() -> None:
    """Listen on a free loopback port and serve one client."""
    count, qos = int(sys.argv[1]), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                serve(connection, count, qos)
            except ConnectionError:
                return


if __name__ == "__main__":
    main()
