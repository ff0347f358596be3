"""Whether what a database holds would outlive a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.storage.database import Database, Schema
from offbeat.storage.safety import RESULTS, Safety
from tests.support.disk import log_that_cannot_be_synced

SCHEMA = Schema(1, ("CREATE TABLE t (x INTEGER PRIMARY KEY)",), durable=False)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file whose commits wait for no disk."""
    database = Database(tmp_path / "db", SCHEMA)
    yield database
    database.close()


def told(safety: Safety) -> dict[str, int]:
    """Return how often each result came."""
    return {result: count for result, count in safety.counts.items() if count}


def test_every_result_is_counted_from_the_start(database: Database) -> None:
    """A counter that appears with the first failure has no increase."""
    safety = Safety(database)
    assert dict(safety.counts) == dict.fromkeys(RESULTS, 0)
    assert safety.sync()
    assert told(safety) == {"safe": 1}


def test_a_failure_is_held_against_the_file_until_it_is_made_safe(database: Database, tmp_path: Path) -> None:
    """It is counted each time, said once, and said again when it comes again."""
    safety = Safety(database)
    assert safety.sync()
    with capture_logs() as logs:
        for _ in range(2):
            with log_that_cannot_be_synced(tmp_path / "db"):
                assert not safety.sync()
                assert safety.at_risk
            with log_that_cannot_be_synced(tmp_path / "db"):
                assert not safety.sync()
            assert safety.sync()
            assert not safety.at_risk
    assert told(safety) == {"safe": 3, "failed": 4}
    assert [(one["log_level"], one["path"]) for one in logs] == [("error", str(tmp_path / "db"))] * 2


def test_a_file_that_somebody_holds_is_no_failure(database: Database, tmp_path: Path) -> None:
    """No snapshot is written, which is said once by a warning; it is counted apart, and tried again."""
    safety = Safety(database)
    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other, capture_logs() as logs:
        other.execute("BEGIN IMMEDIATE")
        assert [safety.sync(), safety.sync()] == [False, False]
        assert not safety.at_risk
        other.execute("COMMIT")
    assert safety.sync()
    assert told(safety) == {"busy": 2, "safe": 1}
    assert [(one["log_level"], one["path"]) for one in logs] == [("warning", str(tmp_path / "db"))]
