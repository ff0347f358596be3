"""A broker that does what a test says: for answers that a real one gives only on its bad days."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

Script = Callable[["Visitor"], None]


class Visitor:
    """One connection to the scripted broker.

    Attributes:
        number: 0 for the first connection, 1 for the next, and so on.
        version: protocol level of its CONNECT: 5, or 4 for 3.1.1.
    """

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.number = number
        self._connection = connection
        self.version = self.read_packet()[1][6]

    def read_packet(self) -> tuple[int, bytes]:
        """Return header and body of the next packet; raise ConnectionError when there is none."""
        header = self._exactly(1)[0]
        length = shift = 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return header, self._exactly(length)

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._connection.sendall(data)

    def accept(self) -> None:
        """Send a CONNACK that says yes."""
        self.send(b"\x20\x03\x00\x00\x00" if self.version == 5 else b"\x20\x02\x00\x00")

    def answer_subscription(self, code: int = 0) -> None:
        """Read on to a SUBSCRIBE of one filter and answer it."""
        header, body = self.read_packet()
        while header & 0xF0 != 0x80:
            header, body = self.read_packet()
        middle = b"\x00" if self.version == 5 else b""
        self.send(bytes([0x90, 3 + len(middle)]) + body[:2] + middle + bytes([code]))

    def stay(self) -> None:
        """Read until the other side goes."""
        while True:
            self.read_packet()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._connection.recv(size - len(data))
            if not piece:
                raise ConnectionError("the visitor left")
            data += piece
        return data


class ScriptedBroker:
    """Listens on a free port and plays its script to every connection.

    Args:
        script: called with each visitor whose CONNECT was read; the connection is closed when it returns.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.visits: list[int] = []
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()
        self._thread.join(5.0)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(20.0)
            self._connections.append(connection)
            threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        try:
            visitor = Visitor(connection, len(self.visits))
            self.visits.append(visitor.version)
            self._script(visitor)
        except OSError:
            pass
        finally:
            connection.close()
