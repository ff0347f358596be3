"""What people said of learning, on disk: written from the command line, read by the daemon while it runs."""

from __future__ import annotations

import math
import sqlite3
import threading
from dataclasses import astuple
from pathlib import Path

import structlog

from offbeat.core.orders import Freeze, Label, Orders, Scope
from offbeat.storage.database import Database, Schema

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FILE = "orders.sqlite"

_SCHEMA = Schema(
    1,
    (
        """
CREATE TABLE freeze (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    since REAL NOT NULL,
    until REAL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
)
""",
        """
CREATE TABLE label (
    number INTEGER PRIMARY KEY,
    episode TEXT NOT NULL,
    sensor TEXT NOT NULL,
    kind TEXT NOT NULL,
    opened_at REAL NOT NULL,
    closed_at REAL,
    what TEXT NOT NULL,
    at REAL NOT NULL,
    note TEXT NOT NULL,
    by TEXT NOT NULL
)
""",
    ),
)
_FREEZE = "number, scope, name, since, until, reason, by"
_LABEL = "episode, sensor, kind, opened_at, closed_at, what, at, note, by"


class OrderBook:
    """Freezes and labels. Nothing is ever removed: what had been said by a time is what a replay of that time obeys.

    Safe to use from several threads and processes.

    Args:
        path: the SQLite file.
        visiting: the daemon's file, in the hands of another process; a damaged one is left as it is.

    Raises:
        UnavailableError: it cannot be used.
    """

    def __init__(self, path: Path, *, visiting: bool = False) -> None:
        self._lock = threading.Lock()
        self._database = Database(path, _SCHEMA, visiting=visiting)
        self._seen: int | None = None
        self._failure = ""

    def freeze(
        self, scope: Scope, name: str, since: float, until: float = math.inf, reason: str = "", by: str = ""
    ) -> Freeze:
        """Note that nothing is to be learnt of something from a time on; return the freeze."""
        with self._lock, self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO freeze (scope, name, since, until, reason, by) VALUES (?, ?, ?, ?, ?, ?)",
                (scope, name, since, None if math.isinf(until) else until, reason, by),
            )
            number = cursor.lastrowid or 0
        return Freeze(number, scope, name, since, until, reason, by)

    def thaw(self, freezes: tuple[Freeze, ...], now: float) -> None:
        """Note that freezes end now."""
        with self._lock, self._database.transaction() as connection:
            connection.executemany(
                "UPDATE freeze SET until = ? WHERE number = ?", [(now, one.number) for one in freezes]
            )

    def label(self, label: Label) -> None:
        """Note what somebody says of an episode; of one episode the last word counts."""
        marks = ", ".join("?" * len(_LABEL.split(",")))
        with self._lock, self._database.transaction() as connection:
            connection.execute(f"INSERT INTO label ({_LABEL}) VALUES ({marks})", astuple(label))  # noqa: S608 - our names

    def orders(self) -> Orders:
        """Return all that was said."""
        with self._lock:
            freezes = self._database.read(f"SELECT {_FREEZE} FROM freeze ORDER BY number")  # noqa: S608 - our names
            labels = self._database.read(f"SELECT {_LABEL} FROM label ORDER BY number")  # noqa: S608 - our names
        return Orders(
            tuple(Freeze(*_open_end(row)) for row in freezes),  # type: ignore[arg-type]
            tuple(Label(*row) for row in labels),  # type: ignore[arg-type]
        )

    def news(self) -> Orders | None:
        """Return all that was said if another process may have said more since it was read last, else None.

        It never raises: what cannot be read is tried again at the next call, and logged once.
        """
        try:
            with self._lock:
                changes = self._database.changes()
            if changes == self._seen:
                return None
            orders = self.orders()
        except sqlite3.DatabaseError as error:
            if self._failure != str(error):
                self._failure = str(error)
                _log.error(
                    "what people said of learning cannot be read; what was read before holds",
                    reason=str(error),
                )
            return None
        # Only now: what could not be read is read at the next call.
        self._seen, self._failure = changes, ""
        return orders

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def _open_end(row: tuple[object, ...]) -> tuple[object, ...]:
    """Return a freeze's columns with an end: SQLite has no infinity."""
    return (*row[:4], math.inf if row[4] is None else row[4], *row[5:])
