"""The DevTools protocol of a Chromium, over a pair of pipes: commands, their answers, and events."""

from __future__ import annotations

import json
import os
import select
import time
from collections import deque
from typing import Any

ANSWER_SECONDS = 30.0
Message = dict[str, Any]


class DevTools:
    """One connection. Messages are JSON that ends with a zero byte.

    Args:
        reading: file descriptor that answers and events come from.
        writing: file descriptor that commands go to.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number = 0
        self._rest = b""
        self._events: deque[Message] = deque()

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> Message:
        """Send a command and return its result.

        Args:
            method: as the protocol names it.
            session: of a page; None speaks to the browser itself.
            parameters: of the command.
        """
        self._number += 1
        command: Message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        os.write(self._writing, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self._next(deadline - time.monotonic())
            assert message is not None, f"Chromium did not answer {method} within {ANSWER_SECONDS:g} s"
            if message.get("id") == self._number:
                assert "error" not in message, f"{method} {parameters}: {message['error']}"
                result: Message = message["result"]
                return result
            self._events.append(message)

    def events(self) -> list[Message]:
        """Return what has happened since the last call."""
        while (message := self._next(0.0)) is not None:
            self._events.append(message)
        happened = list(self._events)
        self._events.clear()
        return happened

    def _next(self, seconds: float) -> Message | None:
        """Return the next message, None if none comes in time."""
        while b"\0" not in self._rest:
            if not select.select([self._reading], [], [], max(seconds, 0.0))[0]:
                return None
            piece = os.read(self._reading, 1 << 16)
            assert piece, "Chromium has ended"
            self._rest += piece
        text, _, self._rest = self._rest.partition(b"\0")
        message: Message = json.loads(text)
        return message
