"""A door between a client and a server of this machine, which a test can shut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Gate:
    """Passes TCP connections on to a port. Shut, it cuts those that stand and refuses new ones.

    Args:
        target: port of 127.0.0.1 behind the gate.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._open = True
        self._lock = threading.Lock()
        self._passing: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def shut(self) -> None:
        """Cut every connection, and refuse new ones until `reopen`."""
        with self._lock:
            self._open = False
            for sock in self._passing:
                _cut(sock)
            self._passing.clear()

    def reopen(self) -> None:
        """Let connections through again."""
        with self._lock:
            self._open = True

    def end(self) -> None:
        """Shut for ever and wait for the threads."""
        self.shut()
        # A blocked accept does not notice that its socket was closed; a shutdown wakes it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._target), 5)
                except OSError:
                    near.close()
                    continue
                self._passing += [near, far]
            self._run(self._pump, near, far)
            self._run(self._pump, far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        _cut(source)
        _cut(sink)


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@contextmanager
def gate_before(port: int) -> Iterator[Gate]:
    """Put a gate before a server's port."""
    gate = Gate(port)
    try:
        yield gate
    finally:
        gate.end()
