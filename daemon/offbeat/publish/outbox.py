"""The durable queue of events between decision and delivery."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import structlog

from offbeat.core.events import EpisodeEvent
from offbeat.publish.event_json import milliseconds, to_json
from offbeat.storage.database import Database, Schema, is_damage
from offbeat.storage.safety import FAILED, Safety

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_TABLE = """
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    sensor TEXT NOT NULL,
    payload BLOB NOT NULL,
    delivered_at REAL,
    UNIQUE (id, event, updated_ms)
)
"""
_SCHEMA = Schema(
    1,
    (
        _TABLE,
        # An episode opens once and closes once. A log that is played again after a kill may come to the same decision
        # a moment later: that is no second alert.
        "CREATE UNIQUE INDEX once ON event (id, event) WHERE event != 'update'",
        "CREATE INDEX undelivered ON event (seq) WHERE delivered_at IS NULL",
        "CREATE INDEX delivered ON event (delivered_at) WHERE delivered_at IS NOT NULL",
    ),
    durable=False,
)
_INSERT = "INSERT OR IGNORE INTO event (id, event, updated_ms, sensor, payload) VALUES (?, ?, ?, ?, ?)"
_UNDELIVERED = """
SELECT seq, sensor, payload FROM event WHERE delivered_at IS NULL AND seq > ? ORDER BY seq LIMIT ?
"""
_UNCLOSED = """
SELECT DISTINCT id FROM event WHERE event != 'close' AND id NOT IN (SELECT id FROM event WHERE event = 'close')
"""
SPILL_BASE = 1 << 62
"""Keys of events that wait in memory; behind all that the database gives."""

_Row = tuple[str, str, int, str, bytes]
_Work = Callable[[sqlite3.Connection], int]
"""Statements of one transaction; the result is by how many the undelivered events in the file grew."""


class Lost(StrEnum):
    """Why an event was not delivered. A bounded set: the names are metric labels."""

    OVERFLOW = "overflow"
    """The oldest of more undelivered events than the outbox may hold."""
    REFUSED = "refused"
    """The broker will never take it: too large, or its topic or payload is not allowed."""
    UNENCODABLE = "unencodable"
    """It cannot be written as JSON."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that waits for its acknowledgement.

    Attributes:
        key: names it to `Outbox.delivered`; grows in the order of decision.
    """

    key: int
    sensor: str
    payload: bytes


class Outbox:
    """Events that were decided, kept until the broker has acknowledged them.

    An event is known by (id, event, updated_at): one that a replay after a crash decides again is not sent
    again, as long as the delivered one is remembered. What was added outlives a kill at once and a power cut after
    `sync`: an alert does not wait for a disk that is busy, and until then the journal decides it again. When the
    disk cannot be written, events wait in memory, so that alerts go out all the same; that is counted and logged.
    Safe to use from several threads.

    Args:
        path: the SQLite file.
        max_events: undelivered events kept; beyond them the oldest are lost and counted.
        keep_seconds: how long delivered events are remembered.

    Attributes:
        lost: events that were given up, by reason.
        safety: whether what is in the file would outlive a power cut.
    """

    def __init__(self, path: Path, max_events: int = 100_000, keep_seconds: float = 7 * 86_400.0) -> None:
        self.lost: dict[Lost, int] = dict.fromkeys(Lost, 0)
        self._failed_writes = 0
        self._max_events = max_events
        self._keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._database = Database(path, _SCHEMA)
        self.safety = Safety(self._database)
        self._spill: dict[int, _Row] = {}
        self._spilled = 0
        self._unrecorded: set[int] = set()
        ((count,),) = self._database.read("SELECT count(*) FROM event WHERE delivered_at IS NULL")
        self._on_disk = int(str(count))

    @property
    def depth(self) -> int:
        """Events that wait for delivery."""
        return self._on_disk + len(self._spill)

    @property
    def degraded(self) -> bool:
        """Whether events wait in memory as the disk cannot be written, or a power cut could take some for good."""
        return self._waits_in_memory or self.safety.at_risk

    @property
    def disk_errors(self) -> int:
        """Writes and syncs that the disk did not take."""
        return self._failed_writes + self.safety.counts[FAILED]

    @property
    def quarantined(self) -> int:
        """How many damaged files were put aside since the start."""
        return self._database.quarantined

    def add(self, events: Iterable[EpisodeEvent]) -> int:
        """Keep events, all of them or none on disk; return how many are new. Never raises for a bad disk."""
        rows = [row for event in events if (row := self._encode(event)) is not None]
        if not rows:
            return 0
        with self._lock:
            before = self.depth
            if self._write(lambda connection: self._insert(connection, rows)):
                self._spill.clear()
            else:
                self._spill_rows(rows)
            new = max(0, self.depth - before)
            self._enforce_limit()
            return new

    def sync(self) -> bool:
        """Wait until all that was added outlives a power cut; return False if the disk did not take it.

        After a failure it returns True only once all was written anew: no event is believed to be on a disk that
        refused it.
        """
        # The lock is not held: a disk that takes long must not hold up what comes meanwhile.
        return self.safety.sync() and not self._waits_in_memory

    def unclosed(self) -> list[str]:
        """Return the ids of episodes that consumers were told of, and of whose end they were not; of the last days."""
        with self._lock:
            return [str(id) for (id,) in self._rows(_UNCLOSED, ())]

    def pending(self, limit: int, after: int = 0) -> list[Pending]:
        """Return the oldest undelivered events behind the key `after`, in the order they were decided."""
        with self._lock:
            found = self._read(limit, after)
            for key, row in self._spill.items():
                if len(found) >= limit:
                    break
                if key > after:
                    found.append(Pending(key, row[3], row[4]))
            return found

    def delivered(self, keys: Sequence[int], now: float) -> None:
        """Note that events were acknowledged, and forget those delivered longer ago than is kept.

        Args:
            keys: from `pending`.
            now: unix seconds.
        """
        with self._lock:
            for key in keys:
                self._spill.pop(key, None)
            self._unrecorded.update(key for key in keys if key < SPILL_BASE)
            if self._write(lambda connection: self._mark(connection, now)):
                self._unrecorded.clear()

    def give_up(self, keys: Sequence[int], reason: Lost, now: float) -> None:
        """Count events as lost; they are not tried again."""
        self.lost[reason] += len(keys)
        self.delivered(keys, now)

    def close(self) -> None:
        """Close the file; events that wait only in memory get a last chance to be written."""
        with self._lock:
            if self._spill and self._write(lambda connection: self._insert(connection, [])):
                self._spill.clear()
            self._database.close()

    @property
    def _waits_in_memory(self) -> bool:
        return bool(self._spill or self._unrecorded)

    def _encode(self, event: EpisodeEvent) -> _Row | None:
        try:
            payload = to_json(event)
            return event.id, event.event, milliseconds(event.updated_at), event.sensor, payload
        except ValueError as error:
            self.lost[Lost.UNENCODABLE] += 1
            _log.error("an event cannot be published", sensor=event.sensor, id=event.id, reason=str(error))
            return None

    def _insert(self, connection: sqlite3.Connection, rows: list[_Row]) -> int:
        # What waits in memory is older than what comes now, so it goes first.
        return connection.executemany(_INSERT, [*self._spill.values(), *rows]).rowcount

    def _mark(self, connection: sqlite3.Connection, now: float) -> int:
        marked = connection.executemany(
            "UPDATE event SET delivered_at = ? WHERE seq = ? AND delivered_at IS NULL",
            [(now, key) for key in self._unrecorded],
        ).rowcount
        connection.execute("DELETE FROM event WHERE delivered_at < ?", (now - self._keep_seconds,))
        return -max(0, marked)

    def _write(self, work: _Work) -> bool:
        """Do work in one transaction; return False if the disk did not take it."""
        try:
            self._commit(work)
        except sqlite3.OperationalError as error:
            self._note_disk_error(error)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return self._begin_anew(error) and self._write(work)
        else:
            return True
        return False

    def _commit(self, work: _Work) -> None:
        with self._database.transaction() as connection:
            grown = work(connection)
        self._on_disk += grown

    def _begin_anew(self, damage: sqlite3.DatabaseError) -> bool:
        before = self._database.quarantined
        try:
            self._database.quarantine(str(damage))
        except (OSError, sqlite3.Error) as error:
            self._note_disk_error(error)
            return False
        finally:
            if self._database.quarantined > before:
                self._on_disk = 0
                self._unrecorded.clear()
        return True

    def _note_disk_error(self, error: Exception) -> None:
        self._failed_writes += 1
        if not self._waits_in_memory:
            _log.error(
                "the outbox cannot be written; events wait in memory and are sent from there",
                path=str(self._database.path),
                reason=str(error),
            )

    def _spill_rows(self, rows: list[_Row]) -> None:
        known = {row[:3] for row in self._spill.values()}
        for row in rows:
            if row[:3] not in known:
                self._spilled += 1
                self._spill[SPILL_BASE + self._spilled] = row

    def _enforce_limit(self) -> None:
        excess = self.depth - self._max_events
        if excess <= 0:
            return
        on_disk = [(item.key,) for item in self._read(excess, 0)]
        if on_disk and not self._write(lambda connection: self._delete(connection, on_disk)):
            on_disk = []
        spilled = list(self._spill)[: excess - len(on_disk)]
        for key in spilled:
            del self._spill[key]
        lost = len(on_disk) + len(spilled)
        self.lost[Lost.OVERFLOW] += lost
        _log.error("the outbox is full; the oldest events are lost", lost=lost, limit=self._max_events)

    def _delete(self, connection: sqlite3.Connection, keys: list[tuple[int]]) -> int:
        return -connection.executemany("DELETE FROM event WHERE seq = ?", keys).rowcount

    def _read(self, limit: int, after: int) -> list[Pending]:
        found = [
            Pending(int(str(seq)), str(sensor), payload)
            for seq, sensor, payload in self._rows(_UNDELIVERED, (after, limit + len(self._unrecorded)))
            if isinstance(payload, bytes)
        ]
        return [item for item in found if item.key not in self._unrecorded][:limit]

    def _rows(self, sql: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
        """Return all rows of a query; none of a file that cannot be read."""
        try:
            return self._database.read(sql, parameters)
        except sqlite3.OperationalError as error:
            self._note_disk_error(error)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._begin_anew(error)
        return []
