"""The write-ahead log of a SQLite file: what is safe against a power cut, and what only looks so."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from offbeat.storage.database import Database, Schema
from offbeat.storage.write_ahead_log import FOLD_IN_BYTES, Synced, is_busy
from tests.support.disk import log_that_cannot_be_synced

UNSYNCED = Schema(3, ("CREATE TABLE t (x INTEGER PRIMARY KEY, much BLOB)",), durable=False)
MIB = 2**20


def add(database: Database, rows: int) -> None:
    """Commit rows of a MiB each."""
    with database.transaction() as connection:
        connection.executemany("INSERT INTO t (much) VALUES (zeroblob(?))", [(MIB,)] * rows)


def log_bytes(folder: Path) -> int:
    """Return how long the write-ahead log is."""
    return (folder / "db-wal").stat().st_size


@contextmanager
def held(folder: Path, *statements: str) -> Iterator[None]:
    """Let another connection hold the file after these statements, longer than a sync has patience."""
    with closing(sqlite3.connect(folder / "db", isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement).fetchall()
        yield
        other.execute("COMMIT")


READING = ("BEGIN", "SELECT * FROM t")
WRITING = ("BEGIN IMMEDIATE",)


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


@pytest.mark.parametrize("holding", [READING, WRITING], ids=["reads", "writes"])
def test_what_somebody_holds_is_written_anew_once_they_are_done(
    tmp_path: Path, holding: tuple[str, ...]
) -> None:
    """The disk refused nothing, and still nothing is believed meanwhile."""
    database = Database(tmp_path / "db", UNSYNCED)
    add(database, 1)
    with held(tmp_path, *holding):
        assert [database.sync(), database.sync()] == [Synced.BUSY] * 2
    assert database.sync() is Synced.SAFE
    assert rows_of_the_file_alone(tmp_path) == 1
    database.close()


def test_commits_go_on_beside_a_reader_and_are_written_anew_with_the_rest(tmp_path: Path) -> None:
    """What came while somebody read is not forgotten."""
    database = Database(tmp_path / "db", UNSYNCED)
    add(database, 1)
    with held(tmp_path, *READING):
        add(database, 1)
        assert database.sync() is Synced.BUSY
    assert database.sync() is Synced.SAFE
    assert rows_of_the_file_alone(tmp_path) == 2
    database.close()


@pytest.mark.parametrize("holding", [READING, WRITING], ids=["reads", "writes"])
def test_a_sound_log_that_somebody_holds_is_safe_however_long_it_is(
    tmp_path: Path, holding: tuple[str, ...]
) -> None:
    """It is folded in later."""
    database = Database(tmp_path / "db", UNSYNCED)
    database.sync()
    add(database, 6)
    with held(tmp_path, *holding):
        assert [database.sync(), database.sync()] == [Synced.DEFERRED] * 2
        assert log_bytes(tmp_path) > FOLD_IN_BYTES
    assert database.sync() is Synced.SAFE
    assert log_bytes(tmp_path) < MIB
    database.close()


def test_after_a_sync_that_failed_a_file_that_is_held_is_still_not_believed(tmp_path: Path) -> None:
    """That it is busy now takes nothing back."""
    database = Database(tmp_path / "db", UNSYNCED)
    database.sync()
    add(database, 1)
    with log_that_cannot_be_synced(tmp_path / "db"), pytest.raises(OSError, match="symbolic links"):
        database.sync()
    with held(tmp_path, *WRITING):
        assert database.sync() is Synced.BUSY
    assert database.sync() is Synced.SAFE
    assert rows_of_the_file_alone(tmp_path) == 1
    database.close()


def test_that_somebody_holds_a_file_is_told_from_what_a_disk_says(tmp_path: Path) -> None:
    """By the code of the error, not by its words."""
    database = Database(tmp_path / "db", UNSYNCED)
    with held(tmp_path, *WRITING), closing(sqlite3.connect(tmp_path / "db", timeout=0.0)) as another:
        with pytest.raises(sqlite3.OperationalError) as caught:
            another.execute("BEGIN IMMEDIATE")
        assert is_busy(caught.value)
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(tmp_path / "no" / "db")
    assert not is_busy(caught.value)
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
