"""How far a sensor is on its way to being judged."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.orders import LearningRules
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readiness import OFF_WORDS, Progress, Readiness, count_by_readiness, progress_of
from offbeat.core.regimes import DECLARED, FAULT, OFF
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant

STRANGER = 4


def stranger_after(pipeline: Pipeline, rows: int, before: int = 0) -> Progress:
    """Return the progress of a sensor that nobody knew, after more of its rows."""
    times, values = live(9, rows)
    part = Readings(offset=before).add(STRANGER, times[before:], values[before:])
    play(pipeline, part.batches(), FakeScorer())
    return progress_of(pipeline.groups[0], np.array([STRANGER]))


def test_a_stranger_learns_until_it_may_raise_alerts_and_is_provisional_from_then_on() -> None:
    """Its share grows with its readings, and the time that is left is that of the others at its own pace."""
    pipeline = plant(sensors=(*BOILERS, "stranger"))
    early, later = stranger_after(pipeline, 32), stranger_after(pipeline, 160, 32)
    done = stranger_after(pipeline, 330, 160)
    assert [one.readiness[0] for one in (early, later, done)] == [
        Readiness.LEARNING, Readiness.LEARNING, Readiness.PROVISIONAL,
    ]  # fmt: skip
    assert [one.share[0] for one in (early, later, done)] == pytest.approx([0.1, 0.5, 1.0])
    assert early.reason(0) == "32 of 320 readings that alerts about its values need"
    assert later.eta_seconds[0] == pytest.approx(160 * 5, rel=0.2)
    assert done.eta_seconds[0] == 0
    assert done.reason(0) == "judged by the fleet's laws until a training knows it"


@pytest.mark.parametrize("at_once", [False, True])
def test_the_time_that_is_left_to_a_bursty_sensor_counts_its_pauses(at_once: bool) -> None:
    """Its usual gap is a second, and most of its time goes by between; its bursts may also arrive in one message."""
    burst, pause, rows, random = 10, 600.0, 320, np.random.default_rng(3)
    number = np.arange(rows)
    times = live(9, 1)[0][0] + number // burst * pause + number % burst
    arrival = times[number // burst * burst] if at_once else times
    readings = Readings().add(STRANGER, times[:150], random.normal(65, 1, 150), arrival_seconds=arrival[:150])
    pipeline = plant(sensors=(*BOILERS, "stranger"))
    play(pipeline, readings.batches(16), FakeScorer(), tick_seconds=10.0)
    (left,) = progress_of(pipeline.groups[0], np.array([STRANGER])).eta_seconds
    assert 1 / 1.5 < left / (times[-1] - times[149]) < 1.5


def test_how_long_a_silent_sensor_takes_is_not_known() -> None:
    """Nobody knows when it reports again; once it does, its time that is left is told again."""
    pipeline = plant(sensors=(*BOILERS, "stranger"))
    times, values = live(9, 160)
    play(pipeline, Readings().add(STRANGER, times[:100], values[:100]).batches(), FakeScorer())
    pipeline.tick(float(times[99]) + 3600.0)
    (left,) = progress_of(pipeline.groups[0], np.array([STRANGER])).eta_seconds
    assert np.isnan(left)
    later = times[100:] + 3600.0
    play(pipeline, Readings(offset=100).add(STRANGER, later, values[100:]).batches(), FakeScorer())
    (left,) = progress_of(pipeline.groups[0], np.array([STRANGER])).eta_seconds
    assert left > 0


@pytest.mark.parametrize(("row", "is_told"), [(200, False), (345, True)])
def test_it_raises_alerts_as_soon_as_it_is_said_to_be_provisional(row: int, is_told: bool) -> None:
    """And none before: what is shown is what counts."""
    times, _ = live(9, 400)
    values = np.random.default_rng(9).normal(65, 0.3, 400)
    values[row : row + 3] += 60
    pipeline = plant(sensors=(*BOILERS, "stranger"))
    out = play(pipeline, Readings().add(STRANGER, times, values).batches(16), FakeScorer())
    assert any(event.family == "process" for event in out.events) is is_told
    assert all(event.started_at >= times[320] for event in out.events)


def test_a_sensor_that_was_learnt_is_ready_before_its_first_reading() -> None:
    """Nothing is waited for."""
    progress = progress_of(plant().groups[0], np.arange(4))
    assert progress.readiness.tolist() == [Readiness.READY] * 4
    assert progress.eta_seconds.tolist() == [0.0] * 4
    assert progress.reason(0) == ""


def test_a_sensor_that_is_off_is_said_to_be_though_its_alert_is_over() -> None:
    """Alarms get used to what lasts; whoever looks must not be told that all is well."""
    pipeline = plant(CoreSettings(learning=LearningRules(mature_seconds=60.0)))
    times, values = live(0, 1400)
    values[400:1000] += 15
    found = []
    for part in (slice(400), slice(400, 1000), slice(1000, 1400)):
        readings = Readings(offset=part.start or 0).add(0, times[part], values[part])
        play(pipeline, readings.batches(20), FakeScorer(), tick_seconds=30.0)
        is_open = pipeline.groups[0].episodes.is_open(np.array([0])).any()
        progress = progress_of(pipeline.groups[0], np.array([0]))
        found.append((bool(is_open), progress.reason(0)))
    assert found == [(False, ""), (False, OFF_WORDS[OFF]), (False, "")]


@pytest.mark.parametrize("phase", [DECLARED, FAULT])
def test_what_becomes_of_a_change_is_said(phase: int) -> None:
    """Also where it was told, or called a fault, and its alert is over."""
    pipeline = plant()
    pipeline.groups[0].regimes.phase[1] = phase
    progress = progress_of(pipeline.groups[0], np.arange(3))
    assert [progress.reason(i) for i in range(3)] == ["", OFF_WORDS[phase], ""]


def test_without_anything_that_judges_values_no_number_of_readings_is_enough() -> None:
    """The reason says what is missing, and nobody can say when it comes."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    play(pipeline, Readings().add(0, *live(0, 150)).add(1, *live(1, 400)).batches(), FakeScorer())
    progress = progress_of(pipeline.groups[0], np.arange(3))
    assert progress.readiness.tolist() == [Readiness.LEARNING, Readiness.LEARNING, Readiness.WAITING]
    assert progress.share == pytest.approx([0.5, 1.0, 0.0])
    assert np.isnan(progress.eta_seconds).all()
    assert "once a model is trained" in progress.reason(1)
    assert progress.reason(2) == "no reading yet"


def test_sensors_are_counted_by_how_far_they_are() -> None:
    """Each once."""
    pipeline = plant(sensors=(*BOILERS, "stranger", "unheard"))
    stranger_after(pipeline, 100)
    assert count_by_readiness(pipeline.groups[0]).tolist() == [1, 1, 0, 4]
