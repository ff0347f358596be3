"""Saving and restoring the core's state, a shard at a time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from offbeat.app.state_saver import StateSaver, restore
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.state.snapshots import GENERATIONS, SnapshotStore
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, play
from offbeat.testing.readings import Readings
from tests.support.plant import PAIR, START, boilers_learnt, live
from tests.support.waiting import wait_until

SHARDS = 4
SENSORS = tuple(f"sensor{i}" for i in range(12))
GROUPS = [("value",), PAIR]


def pipeline_of(
    sensors: tuple[str, ...] = SENSORS, max_sensors: int = 32, groups: list[tuple[str, ...]] = GROUPS
) -> Pipeline:
    """Return a pipeline that knows sensors of its first group; another group is empty."""
    directory = SensorDirectory(groups, max_sensors, SHARDS)
    for sensor in sensors:
        directory.admit(0, sensor)
    return Pipeline(directory, CoreSettings(window_readings=16))


def fed(pipeline: Pipeline, rows: int = 20) -> Pipeline:
    """Return the pipeline after some rows of each of its sensors."""
    readings = Readings()
    for slot in range(len(pipeline.directory.groups[0].ids)):
        readings.add(slot, START + 10.0 * np.arange(rows) + slot, 100 * slot + np.arange(rows))
    play(pipeline, readings.batches())
    return pipeline


@dataclass
class Rig:
    """A saver of a pipeline, and what it was seen to do."""

    folder: Path
    pipeline: Pipeline = field(default_factory=lambda: fed(pipeline_of()))
    interval_seconds: float = 8.0
    is_durable: bool = True
    told: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = SnapshotStore(self.folder)
        self.saver = StateSaver(
            self.pipeline,
            self.store,
            {0: "v1"},
            self.interval_seconds,
            before_write=lambda: self.is_durable,
            on_saved=self.told.append,
        )

    def turn(self, seconds: int, offset: int) -> None:
        """Let the saver have its turn, and wait until what it copied is on disk: a shard of each group each 2 s."""
        written = self.store.written
        self.saver.save_due(START + seconds, START + seconds, offset)
        due = seconds > 0 and seconds % 2 == 0
        wait_until(lambda: self.store.written == written + (len(GROUPS) if due else 0))

    def offsets(self) -> dict[tuple[str, int], list[int]]:
        """Return the offsets that lie on disk, newest first, by group and shard."""
        return {
            (group.name, shard): [
                int(path.stem.rsplit("-", 1)[1]) for path in self.store.generations(group.name, shard)
            ]
            for group in self.pipeline.directory.groups
            for shard in range(SHARDS)
        }


def window_of(pipeline: Pipeline, sensor: str) -> list[float]:
    """Return the values in a sensor's window, oldest first; empty for an unknown one."""
    slot = pipeline.directory.groups[0].slots.get(sensor)
    if slot is None:
        return []
    latest = pipeline.groups[0].windows.latest(np.array([slot], np.intp), 16)
    return [float(value) for value in latest.values[0, : int(latest.lengths[0]), 0]]


def test_every_shard_has_a_file_also_an_empty_one(tmp_path: Path) -> None:
    """Its file says that no reading before the offset belongs to it: without one a restart reads all."""
    rig = Rig(tmp_path)
    rig.saver.start()
    rig.saver.save_all(700)
    assert rig.saver.stop(10)
    assert set(map(tuple, rig.offsets().values())) == {(700,)}
    assert len(rig.offsets()) == 2 * SHARDS
    found = [rig.store.newest_valid("value", shard) for shard in range(SHARDS)]
    assert sorted(sensor for one in found if one for sensor in one.ids) == sorted(SENSORS)
    assert {one.model for one in found if one} == {"v1"}
    empty = rig.store.newest_valid("temp+pressure", 0)
    assert empty is not None
    assert (empty.ids, empty.channels, empty.model) == ((), PAIR, "")


def test_shards_are_saved_in_turn(tmp_path: Path) -> None:
    """No turn copies all of them; after the interval each was saved once."""
    rig = Rig(tmp_path)
    rig.saver.start()
    for second in range(9):
        rig.turn(second, offset=1000 + second)
    assert rig.saver.stop(10)
    # As old as the shard that was saved first.
    assert rig.saver.last_saved_seconds == START + 2
    # An interval of 8 s over four shards: one each 2 s, the first after a turn.
    assert [rig.offsets()["value", shard] for shard in range(SHARDS)] == [[1002], [1004], [1006], [1008]]


def test_a_late_turn_catches_up_but_not_beyond_a_round(tmp_path: Path) -> None:
    """What waits to be written holds memory: however late the loop is, a round is the most."""
    rig = Rig(tmp_path)
    rig.saver.save_due(START, START, 1)
    rig.saver.save_due(START + 1000, START + 1000, 2)
    rig.saver.start()
    assert rig.saver.stop(10)
    assert 0 < rig.store.written <= 2 * SHARDS
    assert {offset for offsets in rig.offsets().values() for offset in offsets} == {2}


def test_all_can_be_saved_soon_and_still_in_turn(tmp_path: Path) -> None:
    """After a reload: no turn copies more than a shard, and after so many turns each was saved."""
    rig = Rig(tmp_path, interval_seconds=1e6)
    rig.saver.start()
    rig.saver.save_due(START, START, 1)
    rig.saver.save_soon()
    for turn in range(1, SHARDS + 2):
        rig.saver.save_due(START + turn, START + turn, 100 + turn)
        saved = min(turn, SHARDS) * len(GROUPS)
        wait_until(lambda saved=saved: rig.store.written == saved)  # type: ignore[misc]
    assert rig.saver.stop(10)
    assert [rig.offsets()["value", shard] for shard in range(SHARDS)] == [[101], [102], [103], [104]]


def test_nothing_is_written_before_the_events_are_durable(tmp_path: Path) -> None:
    """A snapshot must not forget the readings behind an event that could still be lost."""
    rig = Rig(tmp_path, is_durable=False)
    rig.saver.start()
    for offset in range(GENERATIONS + 1):
        rig.saver.save_all(offset)
    assert rig.saver.stop(10)
    assert list(tmp_path.iterdir()) == []
    assert rig.told == []
    assert rig.saver.last_saved_seconds == 0.0


def test_the_log_is_let_go_only_behind_the_oldest_generation_of_every_shard(tmp_path: Path) -> None:
    """Should the newest be damaged, the one before it is taken, and read on from there."""
    rig = Rig(tmp_path)
    rig.saver.start()
    for offset in (10, 20):
        rig.saver.save_all(offset)
    wait_until(lambda: rig.store.written == 2 * 2 * SHARDS)
    assert rig.told == []
    for offset in (30, 40):
        rig.saver.save_all(offset)
    assert rig.saver.stop(10)
    # The third round is whole with its last file; in the fourth the last shard holds the oldest offset back.
    assert rig.told == [10] * 2 * SHARDS + [20]
    assert set(map(tuple, rig.offsets().values())) == {(40, 30, 20)}


def test_a_refusing_disk_lets_go_of_nothing(tmp_path: Path) -> None:
    """What was not written does not count as a generation."""
    rig = Rig(tmp_path)
    rig.saver.start()
    rig.saver.save_all(10)
    wait_until(lambda: rig.store.written == 2 * SHARDS)
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    for offset in (20, 30, 40):
        rig.saver.save_all(offset)
    assert rig.saver.stop(10)
    assert rig.store.failed == 3 * 2 * SHARDS
    assert rig.told == []


def test_what_was_saved_is_restored_to_its_sensors(tmp_path: Path) -> None:
    """Slots may be others, sensors may not; the log is to be read from the smallest offset on."""
    rig = Rig(tmp_path)
    rig.saver.start()
    rig.saver.save_all(5000)
    rig.saver.save_due(START, START, 6000)
    rig.saver.save_due(START + 2, START + 2, 6000)
    assert rig.saver.stop(10)
    again = pipeline_of(sensors=())
    assert restore(again, rig.store, {0: "v1"}) == 5000
    for slot, sensor in enumerate(SENSORS):
        assert window_of(again, sensor) == [100.0 * slot + i for i in range(4, 20)], sensor


def test_readings_that_a_shard_holds_already_are_not_taken_twice(tmp_path: Path) -> None:
    """Shards were saved at different offsets: each goes on from its own."""
    rig = Rig(tmp_path, pipeline=pipeline_of())
    readings = Readings().add(0, START + np.arange(30), np.arange(30)).batches(10)
    play(rig.pipeline, readings[:1])
    rig.saver.start()
    rig.saver.save_all(readings[0].offset)
    wait_until(lambda: rig.store.written == len(GROUPS) * SHARDS)
    play(rig.pipeline, readings[1:2])
    mine = rig.pipeline.directory.shard_of(SENSORS[0])
    for turn in range(mine + 2):
        rig.turn(2 * turn, readings[1].offset)
    assert rig.saver.stop(10)
    assert rig.offsets()["value", mine][0] == readings[1].offset
    again = pipeline_of(sensors=())
    assert mine < SHARDS - 1
    assert restore(again, rig.store, {0: "v1"}) == readings[0].offset
    slot = again.directory.groups[0].slots[SENSORS[0]]
    replayed = [dataclasses.replace(b, sensor=np.full(len(b), slot, np.int32)) for b in readings[1:]]
    play(again, replayed)
    assert again.groups[0].rows[slot] == 30
    assert window_of(again, SENSORS[0]) == list(map(float, range(14, 30)))


@pytest.mark.parametrize("group", ["value", "temp+pressure"])
def test_a_shard_without_a_snapshot_is_read_from_the_beginning(tmp_path: Path, group: str) -> None:
    """Of any group: who knows what it held."""
    rig = Rig(tmp_path)
    rig.saver.start()
    rig.saver.save_all(5000)
    assert rig.saver.stop(10)
    for path in rig.store.generations(group, 2):
        path.unlink()
    assert restore(pipeline_of(sensors=()), rig.store, {0: "v1"}) == 0


def test_a_damaged_snapshot_gives_way_to_the_one_before(tmp_path: Path) -> None:
    """With its older offset."""
    rig = Rig(tmp_path)
    rig.saver.start()
    for offset in (5000, 6000):
        rig.saver.save_all(offset)
    assert rig.saver.stop(10)
    newest = rig.store.generations("value", 1)[0]
    newest.write_bytes(newest.read_bytes()[:-7])
    again = pipeline_of(sensors=())
    assert restore(again, rig.store, {0: "v1"}) == 5000
    assert len(again.directory) == len(SENSORS)


def test_nothing_on_disk_is_a_first_start(tmp_path: Path) -> None:
    """Everything is read."""
    pipeline = pipeline_of(sensors=())
    assert restore(pipeline, SnapshotStore(tmp_path), {}) == 0
    assert len(pipeline.directory) == 0


def test_more_sensors_than_are_allowed_now_are_left_out(tmp_path: Path) -> None:
    """Those that there is room for keep their state."""
    rig = Rig(tmp_path)
    rig.saver.start()
    rig.saver.save_all(5000)
    assert rig.saver.stop(10)
    small = pipeline_of(sensors=(), max_sensors=5)
    assert restore(small, rig.store, {0: "v1"}) == 5000
    kept = small.directory.groups[0].ids
    assert len(kept) == 5
    for sensor in kept:
        assert window_of(small, sensor)[-1] == 100.0 * SENSORS.index(sensor) + 19


@pytest.mark.parametrize(("version", "is_kept"), [("v1", True), ("v2", False)])
def test_what_was_learnt_under_another_artifact_is_left_out(
    tmp_path: Path, version: str, is_kept: bool
) -> None:
    """It does not fit; windows do, whatever judges them."""
    names = boilers_learnt().sensors
    old = pipeline_of(names, groups=[("value",)])
    old.install(0, boilers_learnt(), MODEL)
    readings = Readings()
    for i in range(len(names)):
        readings.add(i, *live(i, 60))
    play(old, readings.batches(), FakeScorer())
    rig = Rig(tmp_path, pipeline=old)
    rig.saver.start()
    rig.saver.save_all(5000)
    assert rig.saver.stop(10)
    again = pipeline_of(sensors=(), groups=[("value",)])
    again.install(0, boilers_learnt(), MODEL)
    untouched = pipeline_of(names, groups=[("value",)])
    untouched.install(0, boilers_learnt(), MODEL)
    assert restore(again, rig.store, {0: version}) == 5000
    for name in names:
        assert window_of(again, name) == window_of(old, name) != []
        one = np.array([again.directory.groups[0].slots[name]], np.intp)
        known = np.array([old.directory.groups[0].slots[name]], np.intp)
        learnt, before = again.state_of(0, one), old.state_of(0, known)
        new = untouched.state_of(0, known)
        keys = [key for key in learnt if key.startswith("learnt.")]
        assert keys
        assert any(not np.array_equal(before[key], new[key], equal_nan=True) for key in keys)
        expected = before if is_kept else new
        for key in keys:
            assert np.array_equal(learnt[key], expected[key], equal_nan=True), key


def test_a_snapshot_that_could_not_be_made_is_counted_and_the_next_is_written(tmp_path: Path) -> None:
    """Whatever it was: the thread that writes them outlives it."""
    trouble = [OSError("no file can be opened"), ValueError("of ours")]

    def before_write() -> bool:
        if trouble:
            raise trouble.pop()
        return True

    pipeline, store = fed(pipeline_of()), SnapshotStore(tmp_path)
    saver = StateSaver(pipeline, store, {}, 8.0, before_write, lambda _: None)
    saver.start()
    with capture_logs() as logs:
        saver.save_all(5)
        assert saver.stop(10)
    assert (store.failed, store.written) == (2, SHARDS * len(GROUPS) - 2)
    assert {one["event"] for one in logs} == {"a snapshot could not be made; the one before stays"}


def test_shorter_turns_begin_at_once(tmp_path: Path) -> None:
    """A reload asks for them; the long one that is waited for is over then."""
    rig = Rig(tmp_path, interval_seconds=4 * 3600.0)
    rig.saver.start()
    rig.saver.save_due(START, START, 1)
    rig.saver.save_every(8.0)
    rig.saver.save_due(START + 1, START + 1, 2)
    rig.saver.save_due(START + 3, START + 3, 3)
    assert rig.saver.stop(10)
    assert rig.store.written == len(GROUPS)
