"""The history of episodes: what was strange, when, and how bad it became."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from offbeat.core.events import EpisodeEvent
from offbeat.storage.database import Database, Schema, is_damage
from offbeat.storage.safety import Safety

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_TABLE = """
CREATE TABLE episode (
    id TEXT PRIMARY KEY,
    sensor TEXT NOT NULL,
    family TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    opened_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    closed_at REAL,
    peak_score REAL,
    message TEXT NOT NULL,
    contributions TEXT NOT NULL,
    streams TEXT NOT NULL,
    opening TEXT
)
"""
_SCHEMA = Schema(
    3,
    (
        _TABLE,
        "CREATE INDEX by_time ON episode (opened_at)",
        "CREATE INDEX by_sensor ON episode (sensor, opened_at)",
        "CREATE INDEX still_open ON episode (opened_at) WHERE closed_at IS NULL",
    ),
    # The loop writes it, and may not wait for a disk.
    durable=False,
    upgrades={2: ("ALTER TABLE episode ADD COLUMN opening TEXT",)},
)
_COLUMNS = """
id, sensor, family, kind, severity, opened_at, updated_at, closed_at, peak_score, message, contributions, streams,
opening
"""
# A replay tells old transitions again: only what is not older may change the row. What a close tells of channels and
# streams is of calm readings.
_LOUDER = "excluded.closed_at IS NULL AND ifnull(excluded.peak_score > peak_score, peak_score IS NULL)"
_UPSERT = f"""
INSERT INTO episode ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    severity = excluded.severity,
    updated_at = excluded.updated_at,
    closed_at = excluded.closed_at,
    kind = excluded.kind,
    message = excluded.message,
    contributions = iif({_LOUDER}, excluded.contributions, contributions),
    streams = iif({_LOUDER}, excluded.streams, streams),
    opening = ifnull(opening, excluded.opening),
    peak_score = max(ifnull(peak_score, excluded.peak_score), ifnull(excluded.peak_score, peak_score))
WHERE excluded.updated_at >= updated_at AND (closed_at IS NULL OR excluded.closed_at IS NOT NULL)
"""  # noqa: S608 - the names of columns are ours
_RECENT = f"SELECT {_COLUMNS} FROM episode ORDER BY opened_at DESC, id LIMIT ?"  # noqa: S608
_RECENT_OF = f"SELECT {_COLUMNS} FROM episode WHERE sensor = ? ORDER BY opened_at DESC, id LIMIT ?"  # noqa: S608
_OPEN = f"SELECT {_COLUMNS} FROM episode WHERE closed_at IS NULL ORDER BY opened_at, id"  # noqa: S608
_FIND = f"SELECT {_COLUMNS} FROM episode WHERE substr(id, 1, ?) = ? ORDER BY opened_at DESC, id LIMIT ?"  # noqa: S608
_CLOSED = """
SELECT id, closed_at FROM episode WHERE closed_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))
"""
_DROP_OLD = """
DELETE FROM episode WHERE closed_at IS NOT NULL
AND id NOT IN (SELECT id FROM episode ORDER BY opened_at DESC LIMIT ?)
"""
_EVENTS_BETWEEN_PRUNING = 1000

FILE = "episodes.sqlite"
MOST_HELD = 10_000
"""Events that wait in memory while they cannot be written."""
_PATIENCE_SECONDS = 0.5
"""The loop records, and must not wait long for a program that holds the file."""

_Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode as the history knows it; times are unix seconds.

    Attributes:
        closed_at: None as long as it is open.
        kind: of the newest event: what began as a spike may stay as a level.
        peak_score: the highest score that any of its events told; None if none had a finite one.
        message: of the newest event.
        contributions: shares of the channels by the event that told the peak.
        streams: surprise of each stream that took part, by that event.
        label: what somebody says it was; the history does not know, who asks it adds that.
        opening: the message it was opened with: what was strange; None where an older release kept it.
    """

    id: str
    sensor: str
    family: str
    kind: str
    severity: str
    opened_at: float
    updated_at: float
    closed_at: float | None
    peak_score: float | None
    message: str
    contributions: dict[str, float]
    streams: dict[str, float]
    label: str | None = None
    opening: str | None = None


class EpisodeHistory:
    """Episodes on disk, fed by events. Safe to use from several threads.

    Recording the same events again, as a replay does, changes nothing.

    What was recorded outlives a kill at once and a power cut after `sync`. What the disk does not take, or another
    program that holds the file does not let in, waits in memory until the next `sync`, so that who records waits once
    and not each time. No snapshot is written before: after a kill the journal tells it again.

    Args:
        path: the SQLite file.
        max_episodes: closed episodes beyond the newest so many are dropped now and then.
        visiting: the daemon's file, in the hands of another process; a damaged one is left as it is.

    Attributes:
        failed: records that were not written at once.
        lost: events that are in no history: too many waited, or one could not be written at all.
        safety: whether what was recorded would outlive a power cut.
    """

    def __init__(self, path: Path, max_episodes: int = 100_000, *, visiting: bool = False) -> None:
        self.failed = self.lost = 0
        self._held: list[_Row] = []
        self._max_episodes = max_episodes
        self._lock = threading.Lock()
        self._database = Database(path, _SCHEMA, visiting=visiting, patience_seconds=_PATIENCE_SECONDS)
        self.safety = Safety(self._database)
        self._since_pruning = 0

    @property
    def quarantined(self) -> int:
        """How many damaged files were put aside since the start."""
        return self._database.quarantined

    @property
    def degraded(self) -> bool:
        """Whether something waits in memory, or a power cut could take what nothing brings back."""
        return bool(self._held) or self.safety.at_risk

    def record(self, events: Iterable[EpisodeEvent]) -> bool:
        """Note what happened to episodes; return whether it is in the file. Never raises for a disk."""
        rows = [_row(event) for event in events]
        if not rows:
            return True
        with self._lock:
            if self._held:
                self._hold(rows)
                return False
            return self._write_or_hold(rows)

    def sync(self) -> bool:
        """Wait until all that was recorded outlives a power cut; return False if the disk did not take it."""
        with self._lock:
            if not self._write_held():
                return False
        # Without the lock: the loop records meanwhile.
        return self.safety.sync() and not self._held

    def recent(self, limit: int = 100, sensor: str | None = None) -> list[Episode]:
        """Return the newest episodes, of one sensor or of all."""
        with self._lock:
            if sensor is None:
                return _episodes(self._database.read(_RECENT, (limit,)))
            return _episodes(self._database.read(_RECENT_OF, (sensor, limit)))

    def open(self) -> list[Episode]:
        """Return the episodes that have not closed, oldest first."""
        with self._lock:
            return _episodes(self._database.read(_OPEN))

    def closed(self, ids: Iterable[str]) -> dict[str, float]:
        """Return when episodes closed, of those among some that have."""
        asked = json.dumps(list(ids))
        with self._lock:
            return dict(self._database.read(_CLOSED, (asked,)))  # type: ignore[arg-type] # as the query says

    def find(self, beginning: str, limit: int = 100) -> list[Episode]:
        """Return the episodes whose id begins like this, newest first."""
        with self._lock:
            return _episodes(self._database.read(_FIND, (len(beginning), beginning, limit)))

    def close(self) -> None:
        """Close the file; what waits in memory gets a last chance to be written."""
        with self._lock:
            self._write_held()
            self._database.close()

    def _write_held(self) -> bool:
        held, self._held = self._held, []
        return not held or self._write_or_hold(held, again=True)

    def _write_or_hold(self, rows: list[_Row], *, again: bool = False) -> bool:
        try:
            try:
                self._write(rows)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._database.quarantine(str(error))
                self._write(rows)
        except (OSError, sqlite3.OperationalError) as error:
            self.failed += 1
            self._hold(rows)
            if not again:
                self._say("the history of episodes cannot be written; what happens waits in memory", error)
            return False
        except sqlite3.DatabaseError as error:
            self.lost += len(rows)
            self._say("the history of episodes refuses what happened", error)
            return False
        return True

    def _write(self, rows: list[_Row]) -> None:
        self._since_pruning += len(rows)
        with self._database.transaction() as connection:
            connection.executemany(_UPSERT, rows)
            if self._since_pruning >= _EVENTS_BETWEEN_PRUNING:
                connection.execute(_DROP_OLD, (self._max_episodes,))
                self._since_pruning = 0

    def _hold(self, rows: list[_Row]) -> None:
        held = [*self._held, *rows]
        excess = max(0, len(held) - MOST_HELD)
        if excess and not self.lost:
            _log.error("too much waits for the history of episodes; the oldest is lost", limit=MOST_HELD)
        self.lost += excess
        self._held = held[excess:]

    def _say(self, what: str, error: Exception) -> None:
        _log.error(what, path=str(self._database.path), reason=str(error))


def _row(event: EpisodeEvent) -> _Row:
    return (
        event.id,
        event.sensor,
        event.family,
        event.kind,
        event.severity,
        event.started_at,
        event.updated_at,
        event.ended_at,
        event.score if math.isfinite(event.score) else None,
        event.message,
        _numbers(event.contributions),
        _numbers(event.streams),
        event.message if event.event == "open" else None,
    )


def _numbers(values: dict[str, float]) -> str:
    return json.dumps({name: round(value, 4) for name, value in values.items() if math.isfinite(value)})


def _episodes(rows: list[tuple[object, ...]]) -> list[Episode]:
    return [
        Episode(*row[:-3], *map(json.loads, map(str, row[-3:-1])), opening=row[-1])  # type: ignore[arg-type, misc]
        for row in rows
    ]
