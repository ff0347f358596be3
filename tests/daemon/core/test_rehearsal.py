"""Another commission while running: it reads the windows, nobody is told, and nothing begins anew."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.normalisers import PROVISIONAL
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.work import Work
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import Played, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, boilers_learnt, live, plant

ANOTHER = ("fake", "2")
STRANGERS = ("stranger0", "stranger1")
FAULT = slice(100, 130)


def batches(rows: int, sensors: int = len(BOILERS)) -> list[ReadingBatch]:
    """Return readings of the plant's sensors; one of the boilers has a fault."""
    readings = Readings()
    for i in range(sensors):
        times, values = live(i, rows)
        if i == 1:
            values[FAULT] += 25
        readings.add(i, times, values)
    return readings.batches(40)


def exchange(pipeline: Pipeline, scorer: FakeScorer, at_once: int = 3) -> list[Work]:
    """Install what was learnt of the boilers under another version, and rehearse; return the works of it."""
    pipeline.install(0, boilers_learnt(), ANOTHER)
    scorer.reset(0, np.arange(pipeline.groups[0].size, dtype=np.int32))
    works = []
    for work in pipeline.rehearse(0, at_once):
        assert work.job is not None
        decided = pipeline.scored(work, scorer.step(work.job))
        assert (decided.events, decided.scores) == ([], None)
        works.append(work)
    return works


@pytest.mark.parametrize("at", [1, 11, 13, 15])
def test_a_swap_to_the_same_laws_changes_nothing(at: int) -> None:
    """All that was carried is read from the windows again: what follows is the same bit for bit, also in mid-fault."""
    told = batches(200)
    whole = play(plant(), told, FakeScorer(), tick_seconds=5)
    pipeline, scorer = plant(), FakeScorer()
    parted = play(pipeline, told[:at], scorer, tick_seconds=5)
    assert exchange(pipeline, scorer)
    rest = play(pipeline, told[at:], scorer, tick_seconds=5)
    both = Played(parted.events + rest.events, parted.scores + rest.scores)
    for sensor in range(len(BOILERS)):
        for name in ("time_seconds", "score", "p_value", "surprise"):
            assert np.array_equal(whole.of(sensor, name), both.of(sensor, name), equal_nan=True), (
                sensor,
                name,
            )
    assert [(e.event, e.id, e.updated_at) for e in both.events] == [
        (e.event, e.id, e.updated_at) for e in whole.events
    ]
    assert len(both.events) >= 2


def test_an_open_episode_keeps_its_id_and_closes_under_the_new_version() -> None:
    """It is told of once, whatever judges it in the end."""
    told = batches(200)
    pipeline, scorer = plant(), FakeScorer()
    before = play(pipeline, told[:11], scorer)
    (opened,) = [event for event in before.events if event.event == "open"]
    assert opened.model == ("fake", "1")
    exchange(pipeline, scorer)
    after = [event for event in play(pipeline, told[11:], scorer).events if event.sensor == opened.sensor]
    assert after[-1].event == "close"
    assert {(event.id, event.model) for event in after} == {(opened.id, ANOTHER)}
    assert "open" not in [event.event for event in after]


def test_a_long_life_is_rehearsed_as_far_as_its_window_reaches() -> None:
    """Every sensor once, in time order, and it is judged from the next row on."""
    pipeline, scorer = plant(CoreSettings(window_readings=64)), FakeScorer()
    told = batches(200)
    play(pipeline, told[:15], scorer)
    works = exchange(pipeline, scorer)
    rows = np.concatenate([work.rows.sensor for work in works])
    assert np.bincount(rows).tolist() == [64] * len(BOILERS)
    after = play(pipeline, told[15:], scorer)
    for sensor in range(len(BOILERS)):
        assert np.isfinite(after.of(sensor)).all()
        assert np.isfinite(after.of(sensor, "p_value")).all()


@pytest.mark.parametrize("window", [64, 256])
def test_sensors_that_the_new_laws_do_not_know_are_normalised_by_their_windows_at_once(window: int) -> None:
    """They need not begin anew with their first rows."""
    settings = CoreSettings(window_readings=window, provisional_readings=32)
    pipeline, scorer = plant(settings, (*BOILERS, *STRANGERS)), FakeScorer()
    told = batches(200, len(BOILERS) + len(STRANGERS))
    play(pipeline, told[:-6], scorer)
    exchange(pipeline, scorer)
    learnt = pipeline.groups[0].learnt
    assert learnt is not None
    assert learnt.normalisers.stage[len(BOILERS) : len(BOILERS) + 2].tolist() == [PROVISIONAL] * 2
    after = play(pipeline, told[-6:], scorer)
    assert np.isfinite(after.of(len(BOILERS))).all()


def test_sensors_without_a_row_need_no_rehearsal() -> None:
    """Nor does a group without a commission."""
    pipeline = plant()
    assert list(pipeline.rehearse(0)) == []
    bare = Pipeline(pipeline.directory, CoreSettings())
    play(bare, batches(20))
    assert list(bare.rehearse(0)) == []


def test_a_rehearsal_for_laws_that_are_no_more_teaches_nothing() -> None:
    """Its works come back all the same, so that the order of works is kept."""
    pipeline, scorer = plant(), FakeScorer()
    play(pipeline, batches(100), scorer)
    pipeline.install(0, boilers_learnt(), ANOTHER)
    works = list(pipeline.rehearse(0))
    pipeline.install(0, boilers_learnt(), ANOTHER)
    learnt = pipeline.groups[0].learnt
    assert learnt is not None
    slots = np.arange(len(BOILERS))
    fresh = learnt.take(slots)
    for work in works:
        pipeline.scored(work, None)
    assert pipeline.pending == 0
    for name, array in learnt.take(slots).items():
        assert np.array_equal(array, fresh[name], equal_nan=True), name
