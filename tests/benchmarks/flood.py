"""A broker that does one thing: it floods its one subscriber with prepared PUBLISH packets.

It costs next to nothing itself, so what a client's process spends is the client's own cost. Run as
``python -m tests.benchmarks.flood COUNT QOS VERSION``; prints its port when all packets are ready, serves one
client, ends.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.load import ROOT, SENSORS

BLOCK_BYTES = 256 * 1024
STEP_SECONDS = 1e-3
"""Between the times in two payloads; sensors speak in turn."""


def packet(number: int, began: float, qos: int, *, v5: bool) -> bytes:
    """Return one PUBLISH of a 60-byte JSON payload."""
    topic = f"plant/line{number % 7}/sensor{number % SENSORS}/state".encode()
    payload = b'{"ts":%.4f,"value":%.4f,"seq":%d,"q":1' % (
        began + number * STEP_SECONDS,
        20 + number % 1000 * 1e-3,
        number,
    )
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


def serve(connection: socket.socket, packets: bytes, qos: int, *, v5: bool) -> None:
    """Answer the handshake, send the flood, then read until the client leaves."""
    read_packet(connection)
    connection.sendall(b"\x20\x03\x00\x00\x00" if v5 else b"\x20\x02\x00\x00")
    _, subscribe = read_packet(connection)
    answer = b"\x90\x04" + subscribe[:2] + b"\x00" if v5 else b"\x90\x03" + subscribe[:2]
    connection.sendall(answer + bytes([qos]))
    for start in range(0, len(packets), BLOCK_BYTES):
        connection.sendall(packets[start : start + BLOCK_BYTES])
    while connection.recv(1 << 16):
        pass


@contextmanager
def flooding(count: int, qos: int, version: str) -> Iterator[int]:
    """Run a flood in its own process and yield its port."""
    command = [sys.executable, "-m", "tests.benchmarks.flood", str(count), str(qos), version]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Listen on a free loopback port and serve one client."""
    count, qos, v5 = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "5"
    began = time.time() - count * STEP_SECONDS
    packets = b"".join(packet(number, began, qos, v5=v5) for number in range(count))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                serve(connection, packets, qos, v5=v5)
            except ConnectionError:
                return


if __name__ == "__main__":
    main()
