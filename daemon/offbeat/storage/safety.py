"""Whether what a database holds would outlive a power cut: asked before each snapshot, counted, and said once."""

from __future__ import annotations

import sqlite3
from collections import Counter

import structlog

from offbeat.storage.database import Database
from offbeat.storage.write_ahead_log import Synced

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FAILED = "failed"
RESULTS = (*Synced, FAILED)
"""What may come of a sync. A bounded set: the names are metric labels."""


class Safety:
    """Makes what was committed to a database safe, and remembers whether that succeeded.

    What a failed sync left is held against the next ones until all was written anew; see `WriteAheadLog.sync`. That
    somebody else holds the file is no failure: it is counted as such, and tried again at the next sync. Used by one
    thread, beside those that use the database; its attributes may be read by any.

    Args:
        database: whose commits do not wait for the disk.

    Attributes:
        at_risk: whether a sync failed, and not all was written anew since: a power cut could take what no reading
            brings back.
        counts: syncs by what came of them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.at_risk = self._waits = False
        self.counts: Counter[str] = Counter(dict.fromkeys(RESULTS, 0))

    def sync(self) -> bool:
        """Wait until all that was committed outlives a power cut; return whether it does. Never raises for a disk."""
        try:
            synced = self._database.sync()
        except (OSError, sqlite3.Error) as error:
            self.counts[FAILED] += 1
            self._fail(error)
            return False
        self.counts[synced] += 1
        if synced is Synced.BUSY:
            self._wait()
            return False
        self.at_risk = self._waits = False
        return True

    def _fail(self, error: Exception) -> None:
        if not self.at_risk:
            _log.error(
                "a file cannot be made safe against a power cut; no snapshot is written until it can",
                path=str(self._database.path),
                reason=str(error),
            )
        self.at_risk = True

    def _wait(self) -> None:
        if not self._waits:
            _log.warning(
                "somebody holds a file that is to be made safe against a power cut; no snapshot is written meanwhile",
                path=str(self._database.path),
                hint="fuser names who does: a tool or a backup that has it open for long",
            )
        self._waits = True
