"""Server-sent events: what happens, told to every page that listens."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http import HTTPStatus

from offbeat.observe.http import Request, Response

MOST_LISTENERS = 16
MOST_WAITING = 256
"""Messages a listener may be behind before it is let go: it will come again, and ask for all anew."""
HEARTBEAT_SECONDS = 15.0

_END = None


class Broadcast:
    """Hands messages to listeners; telling never waits for any of them.

    Args:
        heartbeat_seconds: after so long without a message a comment is sent, by which a dead connection is noticed.
    """

    def __init__(self, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._heartbeat = heartbeat_seconds
        self._lock = threading.Lock()
        self._listeners: set[queue.Queue[bytes | None]] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def tell(self, event: str, data: bytes) -> None:
        """Send one line of data under the name of an event to all who listen."""
        message = b"event: %s\ndata: %s\n\n" % (event.encode(), data)
        with self._lock:
            for listener in list(self._listeners):
                try:
                    listener.put_nowait(message)
                except queue.Full:
                    self._listeners.discard(listener)

    def close(self) -> None:
        """Let all listeners go."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                self._let_go(listener)
            self._listeners.clear()

    def page(self, _: Request) -> Response:
        """Answer a listener."""
        own: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        with self._lock:
            if self._closed or len(self._listeners) >= MOST_LISTENERS:
                text = f"{len(self._listeners)} pages listen already, or the daemon is stopping: close one"
                return Response(
                    json.dumps({"error": text}).encode(), "application/json", HTTPStatus.SERVICE_UNAVAILABLE
                )
            self._listeners.add(own)
        return Response(b"retry: 3000\n\n", "text/event-stream", stream=self._stream(own))

    def _stream(self, own: queue.Queue[bytes | None]) -> Iterator[bytes]:
        try:
            while own in self._listeners:
                try:
                    message = own.get(timeout=self._heartbeat)
                except queue.Empty:
                    yield b": still here\n\n"
                    continue
                if message is _END:
                    return
                yield message
        finally:
            with self._lock:
                self._listeners.discard(own)

    @staticmethod
    def _let_go(listener: queue.Queue[bytes | None]) -> None:
        try:
            listener.put_nowait(_END)
        except queue.Full:
            listener.get_nowait()
            listener.put_nowait(_END)
