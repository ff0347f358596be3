"""Log lines about the connection: each once, however often it happens."""

from __future__ import annotations

import time

import structlog

from offbeat.ingest.link_status import LinkStatus

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REPEAT_SECONDS = 600.0
"""The same trouble every few seconds for a night is one trouble."""
_MOST_REMEMBERED = 32


class LinkLog:
    """Logs changes of the connection that matter, and the same one not again for a while.

    Args:
        broker: its address.
        client_id: ours.
    """

    def __init__(self, broker: str, client_id: str) -> None:
        self._broker = broker
        self._client_id = client_id
        self._told: dict[str, float] = {}

    def tell(self, status: LinkStatus) -> None:
        """Log a status, unless it is a step on the way or was logged a moment ago."""
        about = status.reason or status.state
        now = time.monotonic()
        if not (status.reason or status.state == "subscribed"):
            return
        if now - self._told.get(about, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return
        if len(self._told) >= _MOST_REMEMBERED:
            self._told.clear()
        self._told[about] = now
        if status.reason:
            _log.warning("not listening to the broker", broker=self._broker, reason=status.reason)
        else:
            _log.info(
                "listening to the broker", broker=self._broker, client_id=self._client_id,
                protocol=status.protocol, session_present=status.session_present,
            )  # fmt: skip

    def begin_anew(self) -> None:
        """Log everything again: the connection was good for a while."""
        self._told.clear()
