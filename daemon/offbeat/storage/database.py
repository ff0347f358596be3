"""SQLite files that outlive a kill, on demand a power cut, and are put aside instead of believed when damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from offbeat.errors import UnavailableError
from offbeat.storage.owner import keep_owner
from offbeat.storage.write_ahead_log import SUFFIX, Synced, WriteAheadLog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

QUARANTINE_SUFFIX = ".bad"
LONGEST_LOG_PAGES = 8_192
"""Should no `sync` come, SQLite folds the log in at so many pages, 32 MiB, and a commit waits for the disk."""
PATIENCE_SECONDS = 5.0
_COMPANIONS = ("", SUFFIX, "-shm")


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file itself is damaged; its subclasses mean other things."""
    return type(error) is sqlite3.DatabaseError


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database holds.

    Attributes:
        version: kept in `user_version`; a file of another version is put aside, unless it can be upgraded.
        statements: create the tables of an empty file.
        durable: whether each commit waits for the disk. Without it a power cut may take those since the last `sync`,
            a kill does not.
        upgrades: by older version, what makes this one of it; a program of that version that has the file open has to
            be able to go on with it.
    """

    version: int
    statements: tuple[str, ...]
    durable: bool = True
    upgrades: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Database:
    """One SQLite file in WAL mode: what was committed survives a kill and, if the schema is durable, a power cut.

    Used by one thread at a time, beside which another may `sync`; the owner holds the lock. A file that SQLite cannot
    read, or that another version wrote, is renamed with the suffix ".bad" and a new one is begun: a damaged file must
    not stop the daemon. Several processes may have it open; what root writes belongs to the owner of the folder.

    Args:
        path: the file; its folder is made when missing.
        schema: what it holds.
        visiting: it belongs to another process: a file that cannot be used is left where it is.
        patience_seconds: how long transactions wait for another process that holds the file.

    Raises:
        UnavailableError: the file can neither be opened nor made, or it is not ours to put aside.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        *,
        visiting: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.path = path
        self.quarantined = 0
        self._schema = schema
        self._visiting = visiting
        self._patience_seconds = patience_seconds
        self._log = WriteAheadLog(path, schema.version)
        try:
            if not visiting:
                path.parent.mkdir(parents=True, exist_ok=True)
            keep_owner(path)
            self._open_connection: sqlite3.Connection | None = self._open_or_quarantine()
        except (OSError, sqlite3.OperationalError) as error:
            raise UnavailableError(
                f"the database {path} cannot be opened: {error}; expected a folder that the daemon may "
                "write to: check state.directory, its owner and the free space of its disk"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run statements that take effect together, or not at all when one raises.

        Raises:
            sqlite3.OperationalError: the disk is full or cannot be written; nothing was changed.
            sqlite3.DatabaseError: if `is_damage` of it, call `quarantine` and go on with an empty file.
        """
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already; then there is nothing left to undo.
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def sync(self) -> Synced:
        """Wait until all that was committed outlives a power cut, too; see `WriteAheadLog.sync`.

        Raises:
            OSError: the disk did not take it.
            sqlite3.Error: likewise.
        """
        return Synced.SAFE if self._schema.durable else self._log.sync()

    def read(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        return self._connection().execute(sql, parameters).fetchall()

    def changes(self) -> int:
        """Return a number that is another one once another process has changed the file: a look that costs nothing."""
        (version,) = self._connection().execute("PRAGMA data_version").fetchone()
        return int(version)

    def quarantine(self, reason: str) -> None:
        """Put the file aside under another name and begin an empty one.

        Raises:
            OSError: it could not be put aside; whoever uses it next finds the damage again.
            sqlite3.Error: no other one could be begun; whoever uses it next begins it.
        """
        if self._open_connection is not None:
            with suppress(sqlite3.Error):
                self._open_connection.close()
        self._open_connection = None
        self._put_aside(reason)
        self._connection()

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        if self._open_connection is not None:
            self._open_connection.close()

    def _connection(self) -> sqlite3.Connection:
        if self._open_connection is None:
            self._open_connection = self._open()
        return self._open_connection

    def _open_or_quarantine(self) -> sqlite3.Connection:
        try:
            return self._open()
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            if self._visiting:
                raise UnavailableError(
                    f"the database {self.path} cannot be used: {error}; it is left as it is: start the daemon of this "
                    "release, which puts it aside and begins anew"
                ) from error
            self._put_aside(str(error))
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            if self._schema.durable:
                connection.execute("PRAGMA synchronous=FULL")
            else:
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute(f"PRAGMA wal_autocheckpoint={LONGEST_LOG_PAGES:d}")
            self._check(connection)
            connection.execute(f"PRAGMA busy_timeout={1000 * self._patience_seconds:.0f}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == self._schema.version:
            return
        steps = self._schema.upgrades.get(version)
        if steps is None:
            if version != 0 or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                raise sqlite3.DatabaseError(f"schema version {version}, expected {self._schema.version}")
            steps = self._schema.statements
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have been quicker.
        if connection.execute("PRAGMA user_version").fetchone() == (version,):
            for statement in steps:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={self._schema.version:d}")
        connection.execute("COMMIT")

    def _put_aside(self, reason: str) -> None:
        aside = self.path.with_name(self.path.name + QUARANTINE_SUFFIX)
        for companion in _COMPANIONS:
            with suppress(FileNotFoundError):
                Path(f"{self.path}{companion}").replace(f"{aside}{companion}")
        self.quarantined += 1
        _log.error(
            "a database was damaged: put aside, an empty one begun",
            path=str(self.path),
            kept_as=str(aside),
            reason=reason,
        )
