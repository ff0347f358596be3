"""SQLite files that are durable, and put aside when they are damaged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.errors import UnavailableError
from offbeat.storage.database import FOLD_IN_BYTES, LONGEST_LOG_PAGES, Database, Schema, is_damage
from tests.support.disk import log_that_cannot_be_synced

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


def copied(folder: Path, name: str, files: Sequence[str]) -> Path:
    """Return a folder with copies of files, as a kill leaves them."""
    (there := folder / name).mkdir()
    for file in files:
        shutil.copy(folder / file, there)
    return there


def rows_of_the_file_alone(folder: Path) -> int:
    """Return how many rows the file would have without its log."""
    (folder / "alone").unlink(missing_ok=True)
    shutil.copy(folder / "db", folder / "alone")
    with closing(sqlite3.connect(folder / "alone")) as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM t")
    return int(rows)


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


def test_what_another_process_left_in_the_log_is_written_anew_by_the_first_sync(tmp_path: Path) -> None:
    """Nobody knows whether the disk ever got it; what is committed later is synced where it is, in the log."""
    database = Database(tmp_path / "db", UNSYNCED)
    add(database, 1)
    killed = copied(tmp_path, "killed", ("db", "db-wal"))
    database.close()
    database = Database(killed / "db", UNSYNCED)
    database.sync()
    assert rows_of_the_file_alone(killed) == 1
    add(database, 1)
    database.sync()
    assert rows_of_the_file_alone(killed) == 1
    assert database.read("SELECT count(*) FROM t") == [(2,)]
    database.close()


def test_after_a_sync_that_failed_only_what_was_written_anew_counts(tmp_path: Path) -> None:
    """The kernel may call clean what never reached the disk: that the next sync succeeds says nothing of it."""
    database = Database(tmp_path / "db", UNSYNCED)
    database.sync()
    add(database, 1)
    with log_that_cannot_be_synced(tmp_path / "db"), pytest.raises(OSError, match="symbolic links"):
        database.sync()
    assert rows_of_the_file_alone(tmp_path) == 0
    database.sync()
    assert rows_of_the_file_alone(tmp_path) == 1
    database.close()


def test_what_somebody_reads_cannot_be_written_anew_until_they_are_done(tmp_path: Path) -> None:
    """It is said, and still not believed the next time; commits go on."""
    database = Database(tmp_path / "db", UNSYNCED)
    add(database, 1)
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        add(database, 1)
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError, match="another process reads it"):
                database.sync()
        reader.execute("COMMIT")
    database.sync()
    assert rows_of_the_file_alone(tmp_path) == 2
    database.close()


def test_a_log_that_somebody_reads_can_be_synced_as_long_as_it_is_sound(tmp_path: Path) -> None:
    """However long it is by then: it is folded in later."""
    database = Database(tmp_path / "db", UNSYNCED)
    database.sync()
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        add(database, 6)
        database.sync()
        assert log_bytes(tmp_path) > FOLD_IN_BYTES
        reader.execute("COMMIT")
    database.sync()
    assert log_bytes(tmp_path) < MIB
    database.close()


def test_a_long_log_is_folded_in_by_a_sync_and_by_no_commit(tmp_path: Path) -> None:
    """Who commits next finds it begun: there is no wait for its head either."""
    database = Database(tmp_path / "db", UNSYNCED)
    database.sync()
    for _ in range(6):
        add(database, 1)
    assert log_bytes(tmp_path) > FOLD_IN_BYTES
    assert rows_of_the_file_alone(tmp_path) == 0
    database.sync()
    assert rows_of_the_file_alone(tmp_path) == 6
    assert 0 < log_bytes(tmp_path) < MIB
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
