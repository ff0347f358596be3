"""Freezes and labels on disk."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from offbeat.core.orders import Freeze, Label
from offbeat.errors import UnavailableError
from offbeat.state.order_book import OrderBook

LABEL = Label("ab12", "pump", "level", 10.0, None, "fault", 20.0, "bearing", "ana")


def a_book(folder: Path) -> OrderBook:
    """Return the daemon's book."""
    return OrderBook(folder / "orders.sqlite")


def a_visitor(folder: Path) -> OrderBook:
    """Return the same in another process's hands."""
    return OrderBook(folder / "orders.sqlite", visiting=True)


def test_what_was_said_is_there_after_a_restart(tmp_path: Path) -> None:
    """Freezes without an end among it."""
    book = a_book(tmp_path)
    one = book.freeze("sensor", "pump", 1.0, reason="calibration", by="ana")
    two = book.freeze("all", "", 2.0, 5.0)
    book.label(LABEL)
    book.close()
    orders = a_book(tmp_path).orders()
    assert orders.freezes == (one, two)
    assert (one.until, two.until) == (math.inf, 5.0)
    assert orders.labels == (LABEL,)


def test_thawing_sets_an_end_and_removes_nothing(tmp_path: Path) -> None:
    """A replay of the time before obeys the freeze."""
    book = a_book(tmp_path)
    frozen = book.freeze("group", "value", 1.0)
    other = book.freeze("all", "", 1.0)
    book.thaw((frozen,), 9.0)
    ended, going_on = book.orders().freezes
    assert ended == Freeze(frozen.number, "group", "value", 1.0, 9.0)
    assert ended.holds_at(8.9)
    assert not ended.holds_at(9.0)
    assert going_on == other


def test_the_daemon_hears_of_what_another_process_says(tmp_path: Path) -> None:
    """It looks at a number; only when that has changed does it read."""
    daemon = a_book(tmp_path)
    assert daemon.news() is not None
    assert daemon.news() is None
    with_hands = a_visitor(tmp_path)
    with_hands.label(LABEL)
    heard = daemon.news()
    assert heard is not None
    assert heard.labels == (LABEL,)
    assert daemon.news() is None


def test_what_could_not_be_read_is_read_as_soon_as_it_can_be(tmp_path: Path) -> None:
    """Nobody has to say anything again; and each time that it fails is told once."""
    daemon = a_book(tmp_path)
    frozen = daemon.freeze("all", "", 1.0)
    assert daemon.news() is not None
    outsider = sqlite3.connect(tmp_path / "orders.sqlite", isolation_level=None)
    with capture_logs() as logs:
        for _ in range(2):
            outsider.execute("UPDATE freeze SET until = CAST(X'FF' AS TEXT)")
            assert daemon.news() is None
            assert daemon.news() is None
            daemon.thaw((frozen,), 9.0)  # by the daemon itself, which does not count as a change by another
            heard = daemon.news()
            assert heard is not None
            assert heard.freezes[0].until == 9.0
            assert daemon.news() is None
    outsider.close()
    assert [log["event"] for log in logs] == [
        "what people said of learning cannot be read; what was read before holds"
    ] * 2


def test_two_processes_may_begin_at_once_and_write_at_once(tmp_path: Path) -> None:
    """Each waits for the other; nothing is lost."""
    code = (
        "import sys; from pathlib import Path; from offbeat.state.order_book import OrderBook\n"
        "book = OrderBook(Path(sys.argv[1]))\n"
        "[book.freeze('sensor', sys.argv[2], float(i)) for i in range(20)]"
    )
    path = tmp_path / "orders.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], env=dict(os.environ))
        for name in ("a", "b")
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    names = [freeze.name for freeze in a_book(tmp_path).orders().freezes]
    assert sorted(names) == ["a"] * 20 + ["b"] * 20


def test_a_visitor_leaves_a_damaged_book_where_it_is_and_the_daemon_begins_anew(tmp_path: Path) -> None:
    """Else a command of another release could take the running daemon's file away."""
    path = tmp_path / "orders.sqlite"
    path.write_bytes(b"this is no database, and long enough to be looked at" * 40)
    with pytest.raises(UnavailableError, match="it is left as it is"):
        a_visitor(tmp_path)
    assert path.read_bytes().startswith(b"this is no")
    a_book(tmp_path).freeze("all", "", 1.0)
    assert (tmp_path / "orders.sqlite.bad").exists()


def test_a_visitor_does_not_make_the_state_directory(tmp_path: Path) -> None:
    """It would belong to whoever typed the command."""
    with pytest.raises(UnavailableError, match="cannot be opened"):
        a_visitor(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_begins_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """The daemon's own user must be able to write it: also what SQLite puts beside it."""
    os.chown(tmp_path, 4321, 4321)
    book = a_visitor(tmp_path)
    book.label(LABEL)
    owners = {path.name: path.stat().st_uid for path in tmp_path.iterdir()}
    assert owners == dict.fromkeys(["orders.sqlite", "orders.sqlite-wal", "orders.sqlite-shm"], 4321)
    book.close()
