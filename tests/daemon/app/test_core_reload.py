"""Other sources, rules and budgets in a running core: what did not change is not touched."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from offbeat.app.core_building import Core, build_core, state_bytes
from offbeat.app.core_reload import CoreReload
from offbeat.app.orphans import close_orphans
from offbeat.app.questions import Questions
from offbeat.app.reload_record import ReloadRecord
from offbeat.app.reloading import Reloading
from offbeat.app.state_saver import StateSaver, restore
from offbeat.config.report import Report
from offbeat.config.settings import (
    AlertSettings,
    LimitSettings,
    ModelSettings,
    RuleSettings,
    Settings,
    SourceSettings,
)
from offbeat.core.events import EpisodeEvent
from offbeat.errors import ConfigError
from offbeat.ingest.source import LogBatch
from offbeat.state.snapshots import SnapshotStore
from offbeat.state.store import FILE as EPISODES
from offbeat.state.store import EpisodeHistory
from tests.support.configured import a_source, configured
from tests.support.learnt import Learnt
from tests.support.plant import BOILERS, live

ROWS = 60
HOT = RuleSettings(sensor="hall.*", max=50.0)
FAR = RuleSettings(sensor="nobody", max=1.0, max_rise_per_second=5.0)
LIMITS = LimitSettings(max_sensors=20, window_readings=64)
PLANT, HALL = a_source(), a_source("hall/{sensor}", id="hall.{sensor}")


class AtOnce(Questions):
    """A loop that comes to every question at once."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def ask(self, question: Any, patience_seconds: float = 0.0) -> Any:
        """Return the answer."""
        return question()


@dataclass
class Site:
    """A core with a store, and what reloads it."""

    folder: Path
    settings: Settings
    events: list[EpisodeEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Build it."""
        self.core: Core = build_core(self.settings)
        self.store = SnapshotStore(self.folder / "snapshots")
        self.saver = StateSaver(self.core.pipeline, self.store, {}, 30.0, lambda: True, lambda _: None)
        self.history = EpisodeHistory(self.folder / EPISODES)
        self.end, self.stages = 0, []
        self.reload_by = CoreReload(
            self.core,
            self.store,
            self.saver,
            self.history,
            AtOnce(),
            lambda: self.end,
            self.stages.append,
        )

    def save(self) -> None:
        """Save the state, as a daemon does on its way down."""
        self.saver.start()
        self.saver.save_all(self.end)
        assert self.saver.stop(10.0)

    def hear(self, topic: str, time: float, value: float) -> None:
        """Let a reading be judged."""
        batch = LogBatch(
            self.end, self.end + 1, time, [(topic, b'{"ts": %.3f, "value": %.4f}' % (time, value), 0)]
        )
        self.end += 1
        self.core.engine.feed(
            self.core.decoder.decode(batch), time, lambda one: self.events.extend(one.events)
        )

    def hear_boilers(self, start: int, stop: int) -> None:
        """Let some rows of the boilers be judged; the first of them is at fault from row 20 to row 45."""
        for i, name in enumerate(BOILERS[:2]):
            times, values = live(i, ROWS)
            values[20:45] += 15.0 if i == 0 else 0.0
            for time, value in list(zip(times.tolist(), values.tolist(), strict=True))[start:stop]:
                self.hear("plant/" + name.replace(".", "/"), time, value)

    def reload(self, new: Settings) -> None:
        """Run by other settings."""
        for change in self.reload_by.prepare(self.settings, new):
            change.apply()
        self.settings = new
        self.settle()

    def settle(self) -> None:
        """Let the loop come to rest."""
        self.events += self.reload_by.settle(self.end, 2e9).events

    def state(self) -> dict[str, np.ndarray]:
        """Return all that is known of the boilers, what is said of a later rule left out."""
        slots = np.array([self.core.directory.groups[0].slots[name] for name in BOILERS[:2]], np.intp)
        whole = self.core.pipeline.state_of(0, slots)
        return {name: array for name, array in whole.items() if not name.startswith("rules.")}


def judged_by(folder: Path, learnt: Learnt, *sources: Any, **tables: Any) -> Settings:
    """Return settings of a daemon whose boilers are judged by what was learnt of them."""
    model = ModelSettings(device="cpu", artifact=learnt.folder / "value")
    return configured(folder, *(sources or (PLANT,)), limits=LIMITS, model=model, **tables)


def without_model(folder: Path, *sources: Any, **tables: Any) -> Settings:
    """Return settings of a daemon that has no model."""
    return configured(folder, *(sources or (PLANT,)), limits=LIMITS, **tables)


def test_sensors_of_an_unchanged_source_do_not_notice_an_edit_of_another(
    tmp_path: Path, learnt: Learnt
) -> None:
    """Bit for bit: windows, cadence, calibrations, episodes and scores (kapacitor#908)."""
    edited = Site(tmp_path / "a", judged_by(tmp_path / "a", learnt))
    left_alone = Site(tmp_path / "b", judged_by(tmp_path / "b", learnt))
    for site in (edited, left_alone):
        site.hear_boilers(0, ROWS // 2)
    assert [event.event for event in edited.events][:1] == ["open"]
    assert "close" not in [event.event for event in edited.events]
    edited.reload(judged_by(tmp_path / "a", learnt, HALL, PLANT, rules=(FAR,)))
    for site in (edited, left_alone):
        site.hear_boilers(ROWS // 2, ROWS)
    assert edited.events == left_alone.events
    one, other = edited.state(), left_alone.state()
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], name)
    assert any(name.startswith("learnt.trailing") for name in one)


def test_a_rule_that_is_added_holds_from_the_next_reading_on(tmp_path: Path) -> None:
    """And one that stays goes on with what it had open."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, HALL, rules=(HOT,)))
    site.hear("hall/door", 1e9, 60.0)
    site.hear("plant/a/pump", 1e9, 60.0)
    site.reload(without_model(tmp_path, PLANT, HALL, rules=(RuleSettings(sensor="a.*", max=40.0), HOT)))
    site.hear("hall/door", 1e9 + 1, 60.0)
    site.hear("plant/a/pump", 1e9 + 1, 60.0)
    assert [(event.event, event.sensor) for event in site.events] == [
        ("open", "hall.door"),
        ("open", "a.pump"),
    ]


def test_an_episode_of_a_rule_that_is_no_more_is_closed_by_the_next_readings(tmp_path: Path) -> None:
    """Its consumer would else wait for the end for ever."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, rules=(RuleSettings(max=40.0),)))
    site.hear("plant/a/pump", 1e9, 60.0)
    site.reload(without_model(tmp_path, PLANT))
    for i in range(1, 8):
        site.hear("plant/a/pump", 1e9 + i, 60.0)
    assert [event.event for event in site.events] == ["open", "close"]
    assert "breaks no rule any more" in site.events[-1].message


def test_a_budget_moves_the_thresholds_and_nothing_else(tmp_path: Path, learnt: Learnt) -> None:
    """What was learnt stays."""
    site = Site(tmp_path, judged_by(tmp_path, learnt))
    site.hear_boilers(0, 20)
    slots = np.arange(len(site.core.directory.groups[0].ids))
    before, state = site.core.pipeline.groups[0].learnt.threshold(slots), site.state()
    site.reload(judged_by(tmp_path, learnt, alerts=AlertSettings(budget_per_week=50.0)))
    assert (site.core.pipeline.groups[0].learnt.threshold(slots) < before).any()
    for name, array in site.state().items():
        np.testing.assert_array_equal(array, state[name], name)


def test_sensors_that_no_source_names_are_closed_and_never_silent(tmp_path: Path) -> None:
    """Whatever was open of them; a sensor that is named as before stays as it is."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, HALL, rules=(RuleSettings(max=50.0),)))
    for i in range(40):
        site.hear("hall/door", 1e9 + i, 60.0 if i == 39 else 20.0)
        site.hear("plant/a/pump", 1e9 + i, 60.0 if i == 39 else 20.0)
    site.reload(without_model(tmp_path, PLANT, rules=(RuleSettings(max=50.0),)))
    told = [(event.event, event.sensor) for event in site.events]
    assert told == [("open", "hall.door"), ("open", "a.pump"), ("close", "hall.door")]
    assert "not listened to any more" in site.events[-1].message
    silent = site.core.pipeline.tick(1e9 + 86_400.0).events
    assert {event.sensor for event in silent if event.kind == "silent"} == {"a.pump"}


def test_a_sensor_that_comes_back_goes_on_from_where_it_was(tmp_path: Path) -> None:
    """The time in which nobody listened was no silence, and is no gap that its cadence learns."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, HALL))
    for i in range(40):
        site.hear("hall/door", 1e9 + i, 20.0)
    site.reload(without_model(tmp_path, PLANT))
    site.reload(without_model(tmp_path, PLANT, HALL))
    site.hear("hall/door", 1e9 + 5000.0, 20.0)
    state = site.core.pipeline.groups[0]
    slot = state.group.slots["hall.door"]
    assert (int(state.rows[slot]), bool(state.retired[slot])) == (41, False)
    assert state.longest_gap[slot] == pytest.approx(1.0)


def test_what_was_received_before_is_judged_before_anybody_is_retired(tmp_path: Path) -> None:
    """Else a reading that waits in the inbox would call its sensor back for good."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, HALL))
    site.hear("hall/door", 1e9, 20.0)
    for change in site.reload_by.prepare(site.settings, without_model(tmp_path, PLANT)):
        change.apply()
    retired = site.core.pipeline.groups[0].retired
    assert site.reload_by.settle(site.end - 1, 2e9).events == []
    assert not retired.any()
    site.settle()
    assert retired.sum() == 1


def test_what_a_start_after_a_crash_begins_from_is_saved_at_the_next_turns(tmp_path: Path) -> None:
    """Else the log of before would be played by rules of after; a shard a turn holds nobody up."""
    site = Site(tmp_path, without_model(tmp_path, PLANT, HALL))
    site.saver.start()
    site.saver.save_due(1e9, 1e9, site.end)
    site.reload(without_model(tmp_path, PLANT))
    site.saver.save_due(1e9, 1e9, site.end)
    site.saver.save_due(1e9, 1e9, site.end)
    assert site.saver.stop(10.0)
    assert site.store.written == 2


def test_a_new_group_begins_with_what_was_saved_of_it(tmp_path: Path) -> None:
    """A source that was away over a restart has its history again."""
    wide = a_source("wide/{sensor}", channels=("x", "y"))
    first = Site(tmp_path, without_model(tmp_path, PLANT, wide))
    first.core.pipeline.listen(0.0)
    batch = LogBatch(0, 1, 1e9, [("wide/w", b'{"ts": 1e9, "x": 1.0, "y": 2.0}', 0)])
    first.core.engine.feed(first.core.decoder.decode(batch), 1e9, lambda _: None)
    first.end = 1
    first.save()
    second = Site(tmp_path, without_model(tmp_path, PLANT))
    second.end = restore(second.core.pipeline, second.store, {})
    second.reload(without_model(tmp_path, PLANT, wide))
    assert second.core.directory.groups[1].ids == ["w"]
    assert second.core.pipeline.groups[1].values[0].tolist() == [1.0, 2.0]
    assert [ledger.stage for ledger in second.stages] == ["windows.x+y"]


def test_a_group_that_comes_back_tells_nothing_of_what_was_told_as_closed(tmp_path: Path) -> None:
    """Its source was away over a restart, which closed what it had open; what was saved of it says open."""
    rules, wide = (RuleSettings(channel="x", max=50.0),), a_source("wide/{sensor}", channels=("x", "y"))

    def heard(site: Site, start: int, x: float) -> None:
        for i in range(start, start + 30):
            payload = b'{"ts": %d, "x": %.1f, "y": 2.0}' % (10**9 + i, x)
            batch = LogBatch(site.end, site.end + 1, 1e9 + i, [("wide/w", payload, 0)])
            site.end += 1
            site.core.engine.feed(
                site.core.decoder.decode(batch), 1e9 + i, lambda one: site.events.extend(one.events)
            )

    first = Site(tmp_path, without_model(tmp_path, PLANT, wide, rules=rules))
    heard(first, 0, 60.0)
    assert {event.event for event in first.events} == {"open"}
    first.history.record(first.events)
    first.save()
    second = Site(tmp_path, without_model(tmp_path, PLANT, rules=rules))
    second.end = restore(second.core.pipeline, second.store, {})
    (closed,) = close_orphans(second.core.pipeline, second.history, 1e9 + 40)
    second.history.record([closed])
    second.reload(without_model(tmp_path, PLANT, wide, rules=rules))
    heard(second, 50, 20.0)
    assert second.events == []
    heard(second, 90, 60.0)
    (again,) = second.events
    assert again.event == "open"
    assert again.id != closed.id


def test_a_named_model_cannot_take_a_group_in(tmp_path: Path, learnt: Learnt) -> None:
    """Whether it is for that group too is found out at a start only."""
    site = Site(tmp_path, judged_by(tmp_path, learnt))
    with pytest.raises(ConfigError, match=r"only a restart can look whether it is for x\+y too"):
        list(
            site.reload_by.prepare(
                site.settings, judged_by(tmp_path, learnt, PLANT, a_source("w/{s}", channels=("x", "y")))
            )
        )


def test_a_group_that_memory_does_not_hold_is_refused_before_anything_changes(tmp_path: Path) -> None:
    """As the next start would refuse it, by the model that would judge it; what it needs and what to do is said."""
    settings = without_model(tmp_path, PLANT)
    wide, prior = (
        a_source("wide/{s}", channels=tuple("abcd"), horizon_seconds=600.0),
        ModelSettings(device="cpu"),
    )
    with_prior = settings.model_copy(update={"model": prior})
    widest = build_core(with_prior.model_copy(update={"sources": (PLANT, wide)}))
    needed = int(state_bytes(widest.pipeline) * LIMITS.max_sensors)

    def allowed(memory: int, *sources: SourceSettings) -> Settings:
        limits = LIMITS.model_copy(update={"memory_bytes": memory})
        return with_prior.model_copy(update={"limits": limits, "sources": sources})

    site = Site(tmp_path, allowed(needed - 64, PLANT))
    record = ReloadRecord(0.0)
    results = []
    for new in (allowed(needed - 64, PLANT, wide), allowed(needed, PLANT, wide)):
        reloading = Reloading(
            site.settings, lambda new=new: (new, Report()), [site.reload_by.prepare], record, lambda: 1.0
        )
        results.append((reloading.reload(), len(site.core.directory.groups)))
    assert results == [(False, 1), (True, 2)]
    assert record.counts == {"applied": 1, "refused": 1, "rolled_back": 0}


def test_memory_cannot_be_taken_from_what_runs(tmp_path: Path) -> None:
    """It is there already, with sensors or room for them."""
    site = Site(tmp_path, without_model(tmp_path, PLANT))
    less = site.settings.model_copy(update={"limits": LIMITS.model_copy(update={"memory_bytes": 1000})})
    with pytest.raises(
        ConfigError, match=r"limits\.memory is 0 MiB, but the state of 20 sensors takes up to"
    ):
        list(site.reload_by.prepare(site.settings, less))


def test_what_was_there_counts_until_a_restart_and_the_refusal_says_so(tmp_path: Path) -> None:
    """Memory of the widest source is not given back by leaving it out, though a start without it would do with less."""
    wide = a_source("wide/{s}", channels=tuple("abcd"))
    site = Site(tmp_path, without_model(tmp_path, PLANT, wide))
    narrow = without_model(tmp_path, PLANT)
    needed = int(state_bytes(build_core(narrow).pipeline) * LIMITS.max_sensors)
    fits = narrow.model_copy(update={"limits": LIMITS.model_copy(update={"memory_bytes": needed})})
    build_core(fits)
    with pytest.raises(
        ConfigError,
        match=r"raise limits\.memory; or restart: the memory of a\+b\+c\+d, which no source names any more, counts",
    ):
        list(site.reload_by.prepare(site.settings, fits))
    assert list(site.reload_by.prepare(site.settings, narrow))


def test_what_is_undone_is_as_before(tmp_path: Path) -> None:
    """Rules and sources."""
    old = without_model(tmp_path, PLANT, rules=(RuleSettings(max=50.0),))
    site = Site(tmp_path, old)
    (change,) = site.reload_by.prepare(old, without_model(tmp_path, HALL))
    change.apply()
    change.undo()
    site.settle()
    site.hear("hall/door", 1e9, 60.0)
    site.hear("plant/a/pump", 1e9, 60.0)
    assert [(event.event, event.sensor) for event in site.events] == [("open", "a.pump")]


def test_nothing_is_prepared_where_nothing_differs(tmp_path: Path) -> None:
    """A loop that is not asked is not held up."""
    site = Site(tmp_path, without_model(tmp_path))
    assert list(site.reload_by.prepare(site.settings, without_model(tmp_path))) == []


def test_a_change_that_fails_has_changed_nothing(tmp_path: Path) -> None:
    """A group cannot be added as the history cannot be asked: rules and topics stay as they were."""
    site = Site(tmp_path, configured(tmp_path, PLANT, limits=LIMITS))
    before = site.core.pipeline.settings, site.core.decoder
    pairs = a_source("pairs/{sensor}", channels=("temp", "pressure"))
    site.history.close()
    (change,) = site.reload_by.prepare(
        site.settings, configured(tmp_path, PLANT, pairs, limits=LIMITS, rules=(HOT,))
    )
    with pytest.raises(sqlite3.ProgrammingError):
        change.apply()
    assert (site.core.pipeline.settings, site.core.decoder) == before
    site.hear("plant/a/pump", 1e9, 60.0)
    assert site.events == []
