"""The folder of snapshots."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from offbeat.errors import UnavailableError
from offbeat.state.snapshot_file import Snapshot
from offbeat.state.snapshots import GENERATIONS, SnapshotStore
from tests.support.disk import no_file_beyond


def snapshot_at(offset: int, group: str = "value", shard: int = 0, rows: int = 3) -> Snapshot:
    """Return a snapshot whose arrays tell its offset."""
    ids = tuple(f"s{i}" for i in range(rows))
    return Snapshot(group, shard, offset, ("value",), ids, {"x": np.full((rows, 4), float(offset))})


def test_the_newest_snapshot_is_found(tmp_path: Path) -> None:
    """By its offset as a number, not as text."""
    store = SnapshotStore(tmp_path)
    for offset in (9, 10, 100):
        assert store.write(snapshot_at(offset))
    found = store.newest_valid("value", 0)
    assert found is not None
    assert found.offset == 100
    assert found.arrays["x"][0, 0] == 100.0


def test_there_is_none_before_the_first(tmp_path: Path) -> None:
    """An empty folder means that state begins empty."""
    assert SnapshotStore(tmp_path / "new").newest_valid("value", 0) is None


def test_shards_and_groups_do_not_mix(tmp_path: Path) -> None:
    """Also where a group's name looks like another's with a shard."""
    store = SnapshotStore(tmp_path)
    store.write(snapshot_at(5, "value", 1))
    store.write(snapshot_at(6, "value-1", 2))
    assert store.newest_valid("value", 0) is None
    assert store.newest_valid("value", 1).offset == 5  # type: ignore[union-attr]
    assert store.newest_valid("value-1", 2).offset == 6  # type: ignore[union-attr]


def test_the_model_that_state_was_saved_under_is_that_from_which_the_log_is_read_on(tmp_path: Path) -> None:
    """While shards are saved in turn after an exchange, the one that is furthest behind decides."""
    store = SnapshotStore(tmp_path)
    assert store.model_of("value") == ""
    for offset, shard, model in ((10, 0, "old"), (20, 1, "old"), (30, 0, "new")):
        store.write(replace(snapshot_at(offset, shard=shard), model=model))
    store.write(replace(snapshot_at(5, "other"), model="another"))
    assert store.model_of("value") == "old"
    store.write(replace(snapshot_at(40, shard=1), model="new"))
    assert store.model_of("value") == "new"
    for path in store.generations("value", 0):
        path.write_bytes(b"")
    assert store.model_of("value") == ""


@pytest.mark.parametrize(
    "group", ["a/b", "../../etc/passwd", "ü" * 300, ".hidden", "a b\n", "x" * 300, "\x00"]
)
def test_group_names_from_payloads_stay_inside_the_folder(tmp_path: Path, group: str) -> None:
    """Channels are named by whoever publishes."""
    store = SnapshotStore(tmp_path / "snapshots")
    assert store.write(snapshot_at(7, group))
    assert store.newest_valid(group, 0) is not None
    assert store.newest_valid(group + "x", 0) is None
    assert [p.name for p in tmp_path.iterdir()] == ["snapshots"]


def test_three_generations_are_kept(tmp_path: Path) -> None:
    """Older ones go, and only those of the same shard."""
    store = SnapshotStore(tmp_path)
    store.write(snapshot_at(1, shard=1))
    for offset in range(10):
        store.write(snapshot_at(offset))
    assert len(store.generations("value", 0)) == GENERATIONS
    assert len(store.generations("value", 1)) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_snapshot_is_put_aside_and_the_one_before_is_used(tmp_path: Path, damage: str) -> None:
    """And it is not tried again at the next start."""
    store = SnapshotStore(tmp_path)
    store.write(snapshot_at(1))
    store.write(snapshot_at(2))
    newest = store.generations("value", 0)[0]
    data = bytearray(newest.read_bytes())
    data[-1] ^= 4
    newest.write_bytes({"flip": bytes(data), "cut": bytes(data[:-3]), "empty": b""}[damage])
    found = store.newest_valid("value", 0)
    assert found is not None
    assert found.offset == 1
    assert store.quarantined == 1
    assert newest.with_name(newest.name + ".bad").exists()
    assert len(store.generations("value", 0)) == 1


def test_damaged_files_do_not_pile_up(tmp_path: Path) -> None:
    """Only the last few are kept for whoever looks into it."""
    store = SnapshotStore(tmp_path)
    for offset in range(8):
        store.write(snapshot_at(offset))
        store.generations("value", 0)[0].write_bytes(b"rubbish")
        store.newest_valid("value", 0)
    assert len(list(tmp_path.glob("*.bad"))) <= 3


def test_a_snapshot_under_anothers_name_is_not_believed(tmp_path: Path) -> None:
    """A copied file does not put one shard's state into another."""
    store = SnapshotStore(tmp_path)
    store.write(snapshot_at(5, shard=1))
    (source,) = store.generations("value", 1)
    source.rename(tmp_path / source.name.replace("-1-", "-2-"))
    assert store.newest_valid("value", 2) is None


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    """At the next start, before anything is read."""
    (tmp_path / ".value-0-9.safetensors.tmp").write_bytes(b"half")
    SnapshotStore(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_generation_before(tmp_path: Path) -> None:
    """The failure is counted, nothing half-written stays."""
    store = SnapshotStore(tmp_path)
    store.write(snapshot_at(1))
    with no_file_beyond(50_000):
        assert not store.write(snapshot_at(2, rows=10_000))
    assert store.failed == 1
    assert store.newest_valid("value", 0).offset == 1  # type: ignore[union-attr]
    assert [p.name for p in tmp_path.iterdir()] == ["value-0-1.safetensors"]


def test_a_folder_that_is_a_file_is_refused_with_advice(tmp_path: Path) -> None:
    """The message names the folder and the setting."""
    (tmp_path / "x").write_text("")
    with pytest.raises(UnavailableError, match=r"state\.directory"):
        SnapshotStore(tmp_path / "x")


WRITER = """
import sys, numpy as np
from pathlib import Path
from offbeat.state.snapshot_file import Snapshot
from offbeat.state.snapshots import SnapshotStore
store = SnapshotStore(Path(sys.argv[1]))
offset = int(sys.argv[2])
while True:
    offset += 1
    x = np.full((2000, 64), float(offset))
    store.write(Snapshot("value", 0, offset, ("value",), ("a",), {"x": x}))
    print(offset, flush=True)
"""


def test_kills_in_the_middle_of_writing_leave_a_whole_snapshot(tmp_path: Path) -> None:
    """Ended by kill -9 five times: never torn, never older than what was reported as written."""
    reported = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(reported)],
            stdout=subprocess.PIPE,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        for _ in range(4):
            reported = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
        process.wait()
        process.stdout.close()
        reported = int(rest[-1]) if rest else reported
        store = SnapshotStore(tmp_path)
        found = store.newest_valid("value", 0)
        assert found is not None
        assert store.quarantined == 0
        assert found.offset >= reported
        assert (found.arrays["x"] == float(found.offset)).all()
        assert not list(tmp_path.glob(".*"))
        reported = found.offset
