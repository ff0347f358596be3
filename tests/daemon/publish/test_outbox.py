"""The durable queue of events."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from offbeat.errors import UnavailableError
from offbeat.publish.event_json import from_json
from offbeat.publish.outbox import Lost, Outbox
from tests.support.disk import log_that_cannot_be_synced, no_file_beyond
from tests.support.events import an_event, events_of


@contextmanager
def outbox_in(folder: Path, **arguments: float) -> Iterator[Outbox]:
    """Open an outbox and close it again."""
    outbox = Outbox(folder / "outbox.sqlite", **arguments)  # type: ignore[arg-type]
    try:
        yield outbox
    finally:
        outbox.close()


def waiting(outbox: Outbox) -> list[tuple[str, float]]:
    """Return (sensor, updated_at) of what waits."""
    return [(item.sensor, from_json(item.payload).updated_at) for item in outbox.pending(10_000)]


def test_events_wait_in_order_until_they_are_delivered(tmp_path: Path) -> None:
    """And are gone then."""
    with outbox_in(tmp_path) as outbox:
        assert outbox.add(events_of("a", 3)) == 3
        assert [sensor for sensor, _ in waiting(outbox)] == ["a"] * 3
        first, second, third = outbox.pending(10)
        assert outbox.pending(1, after=first.key) == [second]
        outbox.delivered([first.key, second.key], now=1000.0)
        assert outbox.pending(10) == [third]
        assert outbox.depth == 1


def test_a_decision_replayed_after_a_crash_is_not_sent_twice(tmp_path: Path) -> None:
    """Neither while it waits nor after it was delivered; known by (id, event, updated_at)."""
    with outbox_in(tmp_path) as outbox:
        outbox.add(events_of("a", 3))
        assert outbox.add(events_of("a", 3)) == 0
        outbox.delivered([item.key for item in outbox.pending(10)], now=1000.0)
        assert outbox.add(events_of("a", 4)) == 1
        assert waiting(outbox) == [("a", 1_700_000_003.0)]


def test_an_episode_opens_and_closes_once_whenever_that_is_decided(tmp_path: Path) -> None:
    """A log played again may come to the decision a moment later; updates of the moment are news."""
    with outbox_in(tmp_path) as outbox:
        for event, added in (("open", 1), ("update", 2), ("close", 1)):
            twice = [an_event(id="one", event=event, updated_at=at) for at in (1.0, 2.5)]
            assert outbox.add(twice) == added


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    """With its order and depth."""
    with outbox_in(tmp_path) as outbox:
        outbox.add([*events_of("a", 2), *events_of("b", 2)])
        outbox.delivered([outbox.pending(1)[0].key], now=1000.0)
    with outbox_in(tmp_path) as outbox:
        assert outbox.depth == 3
        assert [sensor for sensor, _ in waiting(outbox)] == ["a", "b", "b"]


def test_delivered_events_are_forgotten_after_a_while(tmp_path: Path) -> None:
    """The file does not grow for ever."""
    with outbox_in(tmp_path, keep_seconds=100.0) as outbox:
        outbox.add(events_of("a", 1))
        outbox.delivered([outbox.pending(1)[0].key], now=1000.0)
        outbox.add(events_of("b", 1))
        outbox.delivered([outbox.pending(1)[0].key], now=1101.0)
        assert outbox.add(events_of("a", 1)) == 1
        assert outbox.add(events_of("b", 1)) == 0


def test_the_oldest_events_are_lost_when_too_many_wait(tmp_path: Path) -> None:
    """Counted, with the reason."""
    with outbox_in(tmp_path, max_events=5) as outbox:
        outbox.add(events_of("a", 4))
        outbox.add(events_of("b", 4))
        assert [sensor for sensor, _ in waiting(outbox)] == ["a", "b", "b", "b", "b"]
        assert outbox.depth == 5
        assert outbox.lost[Lost.OVERFLOW] == 3


def test_an_event_without_a_time_is_counted_and_the_others_are_kept(tmp_path: Path) -> None:
    """One fault of the core does not cost other alerts."""
    with outbox_in(tmp_path) as outbox:
        assert outbox.add([an_event(updated_at=math.nan), an_event()]) == 1
        assert outbox.lost[Lost.UNENCODABLE] == 1


@pytest.mark.parametrize("damage", ["rubbish", "header", "middle"])
def test_a_damaged_file_is_put_aside_at_the_start(tmp_path: Path, damage: str) -> None:
    """The daemon starts with an empty outbox and says so."""
    path = tmp_path / "outbox.sqlite"
    with outbox_in(tmp_path) as outbox:
        outbox.add(events_of("a", 500))
    data = bytearray(path.read_bytes())
    if damage == "rubbish":
        data[:] = b"rubbish" * 1000
    elif damage == "header":
        data[:100] = bytes(100)
    else:
        data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(bytes(data))
    with outbox_in(tmp_path) as outbox:
        assert outbox.quarantined == 1
        assert outbox.depth == 0
        assert outbox.add(events_of("a", 1)) == 1
    assert (tmp_path / "outbox.sqlite.bad").exists()


def test_a_file_of_another_version_is_put_aside(tmp_path: Path) -> None:
    """It is neither misread nor deleted."""
    with sqlite3.connect(tmp_path / "outbox.sqlite") as connection:
        connection.execute("CREATE TABLE event (other TEXT)")
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with outbox_in(tmp_path) as outbox:
        assert outbox.quarantined == 1


def test_a_disk_that_takes_nothing_delays_no_alert(tmp_path: Path) -> None:
    """Events wait in memory, are sent from there, and reach the file when it can be written again."""
    with outbox_in(tmp_path) as outbox:
        outbox.add(events_of("a", 2))
        written = (tmp_path / "outbox.sqlite-wal").stat().st_size
        with no_file_beyond(written + 20_000):
            assert outbox.add(events_of("b", 200)) == 200
            assert outbox.degraded
            assert outbox.disk_errors == 1
            assert outbox.add(events_of("b", 200)) == 0
            assert outbox.depth == 202
            found = outbox.pending(1000)
            assert [item.sensor for item in found] == ["a"] * 2 + ["b"] * 200
            outbox.delivered([found[2].key], now=1000.0)
            assert outbox.depth == 201
        outbox.add(events_of("c", 1))
        assert not outbox.degraded
        assert [item.sensor for item in outbox.pending(1000)] == ["a"] * 2 + ["b"] * 199 + ["c"]
    with outbox_in(tmp_path) as outbox:
        assert outbox.depth == 202


def test_a_file_that_is_damaged_while_the_disk_is_full_delays_no_alert_either(tmp_path: Path) -> None:
    """Events wait in memory until another file can be begun."""
    with outbox_in(tmp_path) as outbox:
        outbox.add(events_of("a", 500))
        outbox.sync()
        path = tmp_path / "outbox.sqlite"
        path.write_bytes(b"\x5a" * path.stat().st_size)
        with no_file_beyond(0), capture_logs():
            outbox.add(events_of("b", 2))
            outbox.add(events_of("c", 1))
            assert [item.sensor for item in outbox.pending(10)] == ["b", "b", "c"]
            assert (outbox.depth, outbox.quarantined) == (3, 1)
        outbox.add(events_of("d", 1))
        assert (outbox.depth, outbox.degraded) == (4, False)
    with outbox_in(tmp_path) as outbox:
        assert [item.sensor for item in outbox.pending(10)] == ["b", "b", "c", "d"]


def test_what_was_delivered_while_the_disk_was_full_is_not_sent_again(tmp_path: Path) -> None:
    """It is remembered in memory until it can be written down."""
    with outbox_in(tmp_path) as outbox:
        outbox.add(events_of("a", 3))
        first = outbox.pending(1)[0]
        with no_file_beyond((tmp_path / "outbox.sqlite-wal").stat().st_size):
            outbox.delivered([first.key], now=1000.0)
            assert [item.sensor for item in outbox.pending(10)] == ["a", "a"]
        outbox.delivered([], now=1000.0)
        assert not outbox.degraded
        assert outbox.depth == 2
    with outbox_in(tmp_path) as outbox:
        assert outbox.depth == 2


def test_a_snapshot_is_told_whether_the_disk_has_what_was_added(tmp_path: Path) -> None:
    """It may forget the readings behind an event only then; after a refusal all has to be written anew first."""
    path = tmp_path / "outbox.sqlite"
    with outbox_in(tmp_path) as outbox, capture_logs() as logs:
        assert outbox.sync()
        outbox.add([an_event()])
        with log_that_cannot_be_synced(path):
            assert not outbox.sync()
            assert not outbox.sync()
        assert (outbox.degraded, outbox.disk_errors) == (True, 2)
        assert outbox.sync()
        assert not outbox.degraded
        alone = shutil.copy(path, tmp_path / "alone.sqlite")
        with closing(sqlite3.connect(alone)) as connection:
            assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)
    assert [entry["event"] for entry in logs] == [
        "a file cannot be made safe against a power cut; no snapshot is written until it can"
    ]


def test_what_a_commit_cannot_wait_for_is_synced_beside_it(tmp_path: Path) -> None:
    """Events are added while another thread syncs again and again; every one is there, once, and each sync succeeds."""
    with outbox_in(tmp_path) as outbox:
        done, said = threading.Event(), []

        def sync_on_and_on() -> None:
            while not done.is_set():
                said.append(outbox.sync())

        thread = threading.Thread(target=sync_on_and_on)
        thread.start()
        for number in range(200):
            outbox.add([an_event(id=f"e{number}", updated_at=float(number))])
        done.set()
        thread.join()
        assert said
        assert all(said)
        assert [at for _, at in waiting(outbox)] == [float(number) for number in range(200)]


def test_a_folder_that_cannot_be_used_is_told_with_advice(tmp_path: Path) -> None:
    """Exit code 69, and what to look at."""
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(UnavailableError, match=r"state\.directory"):
        Outbox(tmp_path / "state" / "outbox.sqlite")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "deliver", "restart"]), st.integers(0, 9)), max_size=25))
def test_the_outbox_behaves_like_a_list_that_remembers(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Whatever is added, delivered, repeated and restarted in whatever order."""
    folder = tmp_path_factory.mktemp("outbox")
    expected: list[int] = []
    known: set[int] = set()
    outbox = Outbox(folder / "outbox.sqlite")
    for step, number in steps:
        if step == "add":
            outbox.add([an_event(id=f"e{number}", updated_at=float(number))])
            expected += [] if number in known else [number]
            known.add(number)
        elif step == "deliver" and outbox.depth:
            item = outbox.pending(1, after=0)[0]
            outbox.delivered([item.key], now=1000.0)
            expected.pop(0)
        elif step == "restart":
            outbox.close()
            outbox = Outbox(folder / "outbox.sqlite")
        assert [at for _, at in waiting(outbox)] == [float(n) for n in expected]
        assert outbox.depth == len(expected)
    outbox.close()


WRITER = """
import sys
from pathlib import Path
from offbeat.publish.outbox import Outbox
from tests.support.disk import no_file_beyond
from tests.support.events import an_event
outbox, number = Outbox(Path(sys.argv[1])), int(sys.argv[2])
while True:
    outbox.add([an_event(id=f"e{number}", updated_at=float(number))])
    print(number, flush=True)
    number += 1
"""


def test_kills_lose_nothing_that_was_added(tmp_path: Path) -> None:
    """Ended by kill -9 four times while it adds: all that `add` returned from is there, in order."""
    path, number = tmp_path / "outbox.sqlite", 0
    root = str(Path(__file__).parents[3])
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": root},
        )
        assert process.stdout is not None
        for _ in range(20):
            number = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        number = 1 + (int(rest[-1]) if rest else number)
        outbox = Outbox(path)
        assert outbox.quarantined == 0
        found = [at for _, at in waiting(outbox)]
        outbox.close()
        assert found[:number] == [float(n) for n in range(number)]
        assert len(found) <= number + 1
