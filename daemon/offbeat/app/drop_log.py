"""Log lines about messages that are not used: a payload that nobody can read is a mistake that somebody can mend."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from offbeat.core.ledger import EXPECTED, Drop, Ledger

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REPEAT_SECONDS = 3600.0
"""A sensor that sends rubbish does so every few seconds."""


class DropLog:
    """Logs when messages are dropped: at the first of each reason, and while it goes on once in a while."""

    def __init__(self) -> None:
        self._told: dict[Drop, int] = {}
        self._told_at: dict[Drop, float] = {}

    def look(self, messages: Ledger, topics: Mapping[Drop, str], now: float) -> None:
        """Log what is new.

        Args:
            messages: counts of the stage that reads messages.
            topics: of the newest message of each reason, where it is known.
            now: of a clock that never goes back, in seconds.
        """
        for reason, count in messages.dropped.items():
            if reason in EXPECTED or count == self._told.get(reason, 0):
                continue
            if now - self._told_at.get(reason, -REPEAT_SECONDS) >= REPEAT_SECONDS:
                self._told[reason], self._told_at[reason] = count, now
                topic = {"topic": topics[reason]} if reason in topics else {}
                _log.warning("messages are dropped", reason=reason.value, since_the_start=count, **topic)
