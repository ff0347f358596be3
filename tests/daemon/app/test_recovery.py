"""Coming back: snapshots and the rest of the journal give what an uninterrupted life would have given."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from offbeat.app.core_building import Core
from offbeat.app.engine import Act, Engine
from offbeat.app.recovery import recover
from offbeat.app.state_saver import StateSaver
from offbeat.config.settings import JournalSettings, LimitSettings, SourceSettings, TimeSettings
from offbeat.core.events import EpisodeEvent
from offbeat.core.ledger import Drop
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.journal import Journal
from offbeat.ingest.source import LISTENING, LogBatch
from offbeat.ingest.volatile_log import VolatileLog
from offbeat.state.snapshots import SnapshotStore
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, Played
from tests.support.plant import BOILERS, boilers_learnt, live

SENSORS = (*BOILERS, "stranger0")
SHARDS = 4
ROWS = 160
"""Enough for the episode of the fault to close: what the streams remember of it is strange for some time."""
MESSAGES_PER_BATCH = 10
SOURCE = SourceSettings(topic="{sensor...}", time=TimeSettings(field="ts"))
FAULT = (40, 60)
"""Rows in which the first boiler is far off, long enough to be told, and still open at some cuts."""
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


def a_core() -> Core:
    """Return a core that has seen nothing, with a model that answers at once."""
    directory = directory_of([SOURCE], 16, SHARDS)
    # Windows are scored when they are due by the log's time, which a restart may shift: they have tests of their own.
    pipeline = Pipeline(directory, CoreSettings(window_readings=32, window_stride_readings=10**9,
                                                window_max_age_seconds=1e12))  # fmt: skip
    pipeline.install(0, boilers_learnt(), MODEL)
    decoder = Decoder(
        [SOURCE], directory, LimitSettings(allowed_lateness_seconds=1e9, max_future_seconds=1e9)
    )
    return Core(directory, decoder, Engine(pipeline, FakeScorer()), {})


def write_journal(journal: Journal) -> None:
    """Append what all sensors say, each batch at the time of its last message, at least a second apart."""
    rows = []
    for i, name in enumerate(SENSORS):
        times, values = live(i, ROWS)
        if i == 0:
            values[slice(*FAULT)] += 25
        rows += [(time, name, value) for time, value in zip(times.tolist(), values.tolist(), strict=True)]
    rows.sort()
    for start in range(0, len(rows), MESSAGES_PER_BATCH):
        part = rows[start : start + MESSAGES_PER_BATCH]
        messages = [
            (name.replace(".", "/"), b'{"ts": %.6f, "value": %.4f}' % (time, value), 0)
            for time, name, value in part
        ]
        journal.append(messages, part[-1][0])
    assert journal.sync(10)


@dataclass
class Life:
    """A journal, and what an uninterrupted life over all of it came to."""

    journal: Journal
    batches: list[LogBatch]
    core: Core
    played: Played
    offset: int


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """An uninterrupted life; its journal is only read."""
    folder = tmp_path_factory.mktemp("life")
    journal = Journal(folder / "journal", JournalSettings())
    try:
        write_journal(journal)
        core, played = a_core(), Played()
        offset = recover(core, SnapshotStore(folder / "none"), journal, played.take, lambda: None)
        yield Life(journal, list(journal.read(0)), core, played, offset)
    finally:
        journal.close()


def live_until(
    core: Core, batches: list[LogBatch], saves: dict[int, list[int]], store: SnapshotStore
) -> Played:
    """Live through batches as a daemon does, and save shards behind some of them; return what was decided."""
    saver = StateSaver(core.pipeline, store, core.versions, 1.0, lambda: True, lambda _: None)
    saver.start()
    played = Played()
    for number, batch in enumerate(batches):
        core.engine.feed(core.decoder.decode(batch), batch.arrival_seconds, played.take)
        core.engine.tick(batch.arrival_seconds, played.take)
        for shard in saves.get(number, ()):
            saver._save(shard, batch.next_offset)
    assert saver.stop(10)
    return played


def state_by_sensor(core: Core) -> dict[str, dict[str, np.ndarray]]:
    """Return the whole state of each sensor, wherever its slot is."""
    group = core.directory.groups[0]
    return {name: core.pipeline.state_of(0, np.array([slot], np.intp)) for name, slot in group.slots.items()}


def assert_same_state(one: Core, other: Core) -> None:
    """Check that two cores hold the same of every sensor."""
    a, b = state_by_sensor(one), state_by_sensor(other)
    assert a.keys() == b.keys()
    for name in a:
        for key in a[name]:
            assert np.array_equal(a[name][key], b[name][key], equal_nan=True), (name, key)


def open_episodes(core: Core) -> set[tuple[str, str]]:
    """Return (sensor, kind) of each open episode."""
    group = core.directory.groups[0]
    states = core.pipeline.sensor_states(0, np.arange(len(group.ids)))
    return {(name, kind) for i, name in enumerate(group.ids) for kind in states.open_kinds(i)}


def keys(events: list[EpisodeEvent]) -> set[tuple[str, str, float]]:
    """Return what a consumer takes copies of an event out by."""
    return {(event.id, event.event, event.updated_at) for event in events}


@given(data=st.data())
@settings(max_examples=10, phases=WITHOUT_SHRINKING)
def test_a_restart_is_not_to_be_seen_in_what_comes_after(life: Life, data: st.DataObject) -> None:
    """Wherever the life was cut, and whenever each shard was saved: the same windows, episodes, laws, and events."""
    cut = data.draw(st.integers(1, len(life.batches) - 1), "killed behind batch")
    saves: dict[int, list[int]] = {}
    for shard in range(SHARDS):
        for number in data.draw(st.lists(st.integers(0, cut - 1), max_size=2, unique=True), "saved behind"):
            saves.setdefault(number, []).append(shard)
    with TemporaryDirectory() as name:
        before = live_until(a_core(), life.batches[:cut], saves, SnapshotStore(Path(name)))
        again, after = a_core(), Played()
        offset = recover(again, SnapshotStore(Path(name)), life.journal, after.take, lambda: None)
    assert offset == life.offset == life.batches[-1].next_offset
    assert_same_state(again, life.core)
    assert open_episodes(again) == open_episodes(life.core)
    assert keys(before.events) | keys(after.events) == keys(life.played.events)


def test_the_life_that_is_cut_has_something_to_lose(life: Life) -> None:
    """Else the law above would be about nothing: an episode opens, is told again, and closes."""
    story = [e.event for e in life.played.events if (e.sensor, e.family) == (BOILERS[0], "process")]
    assert {"open", "close"} <= set(story)
    assert sorted(life.core.directory.groups[0].ids) == sorted(SENSORS)


def test_an_open_episode_survives_and_closes_under_its_id(life: Life, tmp_path: Path) -> None:
    """All shards were saved while it was open; the restart tells its end alone."""
    store, core = SnapshotStore(tmp_path), a_core()
    in_fault = live(0, ROWS)[0][FAULT[1] - 5]
    at = next(number for number, batch in enumerate(life.batches) if batch.arrival_seconds > in_fault)
    before = live_until(core, life.batches[: at + 1], {at: list(range(SHARDS))}, store)
    assert (BOILERS[0], "value") in open_episodes(core)
    again, after = a_core(), Played()
    recover(again, store, life.journal, after.take, lambda: None)

    def ids(played: Played, event: str) -> set[str]:
        return {
            e.id for e in played.events if (e.event, e.sensor, e.family) == (event, BOILERS[0], "process")
        }

    assert len(ids(before, "open")) == 1
    assert ids(after, "close") == ids(before, "open")
    assert not ids(after, "open")


def test_only_what_the_snapshots_do_not_hold_is_read_again(life: Life, tmp_path: Path) -> None:
    """A long journal must not make a long start; progress is told for systemd's patience."""
    store = SnapshotStore(tmp_path)
    live_until(a_core(), life.batches[:40], {39: list(range(SHARDS))}, store)
    again, told = a_core(), list[int]()
    recover(again, store, life.journal, lambda _: None, lambda: told.append(1))
    assert len(told) == len(life.batches) - 40
    assert again.decoder.ledger.received == sum(len(batch.messages) for batch in life.batches[40:])


def test_a_damaged_newest_snapshot_costs_a_longer_replay_and_nothing_else(life: Life, tmp_path: Path) -> None:
    """The one before it is taken; the damaged one is put aside."""
    store, everything = SnapshotStore(tmp_path), list(range(SHARDS))
    live_until(a_core(), life.batches[:50], {20: everything, 49: everything}, store)
    for shard in everything:
        newest = store.generations("value", shard)[0]
        content = bytearray(newest.read_bytes())
        content[-1] ^= 0xFF
        newest.write_bytes(bytes(content))
    again, told = a_core(), list[int]()
    recover(again, store, life.journal, lambda _: None, lambda: told.append(1))
    assert store.quarantined == SHARDS
    assert len(told) == len(life.batches) - 21
    assert_same_state(again, life.core)


def test_without_a_journal_the_snapshots_are_what_there_is(life: Life, tmp_path: Path) -> None:
    """Offsets go on behind them, so that no later snapshot is taken for an older one."""
    store, core = SnapshotStore(tmp_path), a_core()
    live_until(core, life.batches, {len(life.batches) - 1: list(range(SHARDS))}, store)
    again, log = a_core(), VolatileLog()
    offset = recover(again, store, log, lambda _: None, lambda: None)
    assert offset == log.next_offset == life.offset
    assert_same_state(again, core)


def test_a_journal_that_ends_before_the_snapshots_goes_on_behind_them(life: Life, tmp_path: Path) -> None:
    """After a power cut: no offset may be used twice."""
    store = SnapshotStore(tmp_path / "snapshots")
    live_until(a_core(), life.batches[:3], {2: list(range(SHARDS))}, store)
    empty = Journal(tmp_path / "journal", JournalSettings())
    try:
        offset = recover(a_core(), store, empty, lambda _: None, lambda: None)
        assert offset == life.batches[2].next_offset
        assert empty.append([("a", b"1", 0)], 1.0) > offset
    finally:
        empty.close()


def test_where_the_journal_was_lost_every_shard_takes_what_comes_next(life: Life, tmp_path: Path) -> None:
    """Shards are saved in turn: new offsets must lie behind the newest of them, or its sensors would be deaf."""
    store, log = SnapshotStore(tmp_path), VolatileLog()
    live_until(a_core(), life.batches, {n: [n % SHARDS] for n in range(len(life.batches))}, store)
    core = a_core()
    assert recover(core, store, log, lambda _: None, lambda: None) == log.next_offset
    last = life.batches[-1]
    later = [(topic, payload, flags) for topic, payload, flags in last.messages]
    taken = core.pipeline.ledgers()[0]
    before = taken.dropped[Drop.REPLAYED]
    log.append(later, last.arrival_seconds)
    again = LogBatch(log.next_offset - len(later), log.next_offset, last.arrival_seconds, later)
    core.engine.feed(core.decoder.decode(again), again.arrival_seconds, lambda _: None)
    assert taken.dropped[Drop.REPLAYED] == before


def test_time_in_which_nobody_listened_is_no_silence(life: Life, tmp_path: Path) -> None:
    """A daemon that was away finds nobody silent when it reads its log again: the log says when it listened."""
    journal = Journal(tmp_path / "journal", JournalSettings())
    try:
        first, hour = life.batches, 3600.0
        journal.append([LISTENING], first[0].arrival_seconds)
        for batch in first:
            journal.append(batch.messages, batch.arrival_seconds)
        back = first[-1].arrival_seconds + 10 * hour
        journal.append([LISTENING], back)
        journal.append(first[-1].messages, back + 1.0)
        assert journal.sync(10)
        core, played = a_core(), Played()
        recover(core, SnapshotStore(tmp_path / "none"), journal, played.take, lambda: None)
        silent = [e for e in played.events if e.kind == "silent" and e.updated_at >= back]
        assert [event for event in silent if event.event == "open"] == []
        assert core.pipeline.listening_since == math.inf
    finally:
        journal.close()


class Counting(Engine):
    """Remembers the times of ticks."""

    ticks: tuple[float, ...] = ()

    def tick(self, now_seconds: float, act: Act) -> None:
        """Let time pass."""
        self.ticks += (now_seconds,)
        super().tick(now_seconds, act)


def test_a_clock_that_was_set_back_stops_no_ticks_when_the_log_is_played(life: Life, tmp_path: Path) -> None:
    """In service they went on; what they would have decided is decided here."""
    journal = Journal(tmp_path / "journal", JournalSettings())
    try:
        first, back = life.batches[:50], life.batches[0].arrival_seconds - 86_400.0
        for batch in first:
            journal.append(batch.messages, batch.arrival_seconds)
        journal.append([LISTENING], back)
        for i in range(10):
            journal.append(first[-1].messages, back + 10.0 * i)
        assert journal.sync(10)
        core = a_core()
        core.engine = engine = Counting(core.pipeline, FakeScorer())
        recover(core, SnapshotStore(tmp_path / "none"), journal, lambda _: None, lambda: None)
        assert [tick for tick in engine.ticks if tick < first[0].arrival_seconds] == [
            back + 10.0 * i for i in range(10)
        ]
    finally:
        journal.close()
