"""SQLite files that are durable, and put aside when they are damaged."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.errors import UnavailableError
from offbeat.storage.database import LONGEST_LOG_PAGES, Database, Schema, is_damage
from tests.support.disk import no_file_beyond

SCHEMA = Schema(3, ("CREATE TABLE t (x INTEGER PRIMARY KEY, much BLOB)",))
UNSYNCED = replace(SCHEMA, durable=False)
PAGE_BYTES, MIB = 4096, 2**20


def add(database: Database, rows: int) -> None:
    """Commit rows of a MiB each."""
    with database.transaction() as connection:
        connection.executemany("INSERT INTO t (much) VALUES (zeroblob(?))", [(MIB,)] * rows)


def log_bytes(folder: Path) -> int:
    """Return how long the write-ahead log is."""
    return (folder / "db-wal").stat().st_size


def test_a_transaction_takes_effect_whole_or_not_at_all(tmp_path: Path) -> None:
    """What raises inside is undone and passed on."""
    database = Database(tmp_path / "db", SCHEMA)
    with database.transaction() as connection:
        connection.execute("INSERT INTO t (x) VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.executemany("INSERT INTO t (x) VALUES (?)", [(2,), (1,)])
    assert database.read("SELECT x FROM t") == [(1,)]
    database.close()


def test_commits_are_durable(tmp_path: Path) -> None:
    """Write-ahead log, synced at each commit."""
    database = Database(tmp_path / "db", SCHEMA)
    assert database.read("PRAGMA journal_mode") == [("wal",)]
    assert database.read("PRAGMA synchronous") == [(2,)]
    database.close()


def test_without_that_a_sync_makes_them_durable(tmp_path: Path) -> None:
    """No commit waits for the disk; the owner says when; what has no log yet has nothing to wait for."""
    database = Database(tmp_path / "db", UNSYNCED)
    assert database.read("PRAGMA synchronous") == [(1,)]
    add(database, 1)
    database.sync()
    log = tmp_path / "db-wal"
    assert log.stat().st_size > 0
    log.unlink()
    database.sync()
    database.close()


def test_without_a_sync_the_log_has_a_bound_all_the_same(tmp_path: Path) -> None:
    """Snapshots may fail for as long as they like: it fills no disk."""
    database = Database(tmp_path / "db", UNSYNCED)
    longest = LONGEST_LOG_PAGES * PAGE_BYTES
    for _ in range(2 * longest // MIB):
        add(database, 1)
    assert longest / 2 < log_bytes(tmp_path) < longest + 2 * MIB
    database.close()


def test_a_damaged_file_is_put_aside_with_its_companions_and_said(tmp_path: Path) -> None:
    """One log entry says what happened and where the file is now."""
    path = tmp_path / "db"
    path.write_bytes(b"rubbish" * 1000)
    (tmp_path / "db-wal").write_bytes(b"old log")
    with capture_logs() as logs:
        database = Database(path, SCHEMA)
    assert database.quarantined == 1
    assert (tmp_path / "db.bad").read_bytes() == b"rubbish" * 1000
    assert [entry["kept_as"] for entry in logs] == [str(tmp_path / "db.bad")]
    database.close()


def test_a_file_that_grew_bad_while_in_use_can_be_replaced(tmp_path: Path) -> None:
    """The owner decides when; work goes on with an empty file."""
    database = Database(tmp_path / "db", SCHEMA)
    with database.transaction() as connection:
        connection.execute("INSERT INTO t (x) VALUES (1)")
    database.quarantine("test")
    assert database.read("SELECT x FROM t") == []
    database.close()


def test_a_file_that_cannot_be_begun_anew_is_begun_by_who_uses_it_next(tmp_path: Path) -> None:
    """A disk may be full at the moment at which a file turns out to be damaged."""
    database = Database(tmp_path / "db", SCHEMA)
    with no_file_beyond(0), capture_logs():
        with pytest.raises(sqlite3.OperationalError):
            database.quarantine("test")
        with pytest.raises(sqlite3.OperationalError), database.transaction():
            pass
    with database.transaction() as connection:
        connection.execute("INSERT INTO t (x) VALUES (1)")
    assert (database.read("SELECT x FROM t"), database.quarantined) == ([(1,)], 1)
    database.close()


def test_another_programs_database_is_not_overwritten(tmp_path: Path) -> None:
    """A file without our version but with tables is somebody else's."""
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("CREATE TABLE precious (x)")
    connection.close()
    database = Database(tmp_path / "db", SCHEMA)
    assert (tmp_path / "db.bad").exists()
    database.close()


def test_a_path_that_cannot_be_opened_is_told_with_advice(tmp_path: Path) -> None:
    """A folder where the file should be."""
    (tmp_path / "db").mkdir()
    with pytest.raises(UnavailableError, match=r"state\.directory"):
        Database(tmp_path / "db", SCHEMA)


def test_use_after_close_is_no_damage(tmp_path: Path) -> None:
    """A mistake of the program must not cost the file."""
    database = Database(tmp_path / "db", SCHEMA)
    database.close()
    with pytest.raises(sqlite3.ProgrammingError) as caught:
        database.read("SELECT 1")
    assert not is_damage(caught.value)
    assert is_damage(sqlite3.DatabaseError("database disk image is malformed"))
    assert not is_damage(sqlite3.OperationalError("database or disk is full"))
