"""What is said of sensors on their state topics."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.app.sensor_reports import MOST_WAITING, SensorReports
from offbeat.core.decisions import Decisions
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.events import an_event
from tests.support.plant import BOILERS, PAIR, boilers_learnt, live, plant


def played(
    pipeline: Pipeline, reports: SensorReports, sensors: list[int], shift: float = 0.0, group: int = 0
) -> None:
    """Let some boilers report, and the reports take note."""
    readings = Readings(group=group)
    for i in sensors:
        times, values = live(i, 60)
        readings.add(i, times, values + np.float32(shift))
    scorer = FakeScorer()
    for batch in readings.batches():
        for work in pipeline.ingest(batch):
            assert work.job is not None
            reports.note(pipeline.scored(work, scorer.step(work.job)))


def test_sensors_that_reported_are_told_of_once() -> None:
    """With what is known of their newest row."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [2, 0])
    first, second = reports.take(1000.0)
    assert (first.sensor, second.sensor) == (BOILERS[0], BOILERS[2])
    states = pipeline.sensor_states(0, np.array([0]))
    assert first.time_seconds == live(0, 60)[0][-1] == states.time_seconds[0]
    assert first.score == pytest.approx(float(states.score[0]))
    assert first.p_value == pytest.approx(float(states.p_value[0]))
    assert np.isfinite(first.score)
    assert first.open_kinds == ()
    assert (first.readiness, first.progress, first.reason, first.model) == ("ready", 1.0, "", MODEL)
    assert reports.take(1000.0) == []


def test_sensors_that_nothing_scores_are_told_of_when_they_report() -> None:
    """Once for what came since the last time: how far they are is what there is to say."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    reports = SensorReports(pipeline, 60.0)
    assert reports.take(1000.0) == []
    play(pipeline, Readings().add(2, *live(2, 30)).batches(), FakeScorer())
    (report,) = reports.take(1000.0)
    assert (report.sensor, report.readiness, report.progress) == (BOILERS[2], "learning", pytest.approx(0.1))
    assert np.isnan(report.score)
    assert report.model is None
    assert reports.take(1000.0) == []


def test_open_episodes_are_named() -> None:
    """By their kind."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [1], shift=40)
    (report,) = reports.take(1000.0)
    assert "value" in report.open_kinds


def test_an_event_without_a_row_is_a_change_too() -> None:
    """Silence is found by the clock; the sensor's group is found by its name."""
    directory = SensorDirectory([("a", "b"), ("value",)], 8)
    directory.admit(0, "pair")
    directory.admit(1, "single")
    pipeline = Pipeline(directory, CoreSettings())
    reports = SensorReports(pipeline, 60.0)
    reports.note(Decisions([an_event(sensor="single")]))
    (report,) = reports.take(1000.0)
    assert report.sensor == "single"
    assert np.isnan(report.score)
    reports.note(Decisions([an_event(sensor="nobody knows it")]))
    assert reports.take(1000.0) == []


def test_a_silent_sensor_is_reported_as_such() -> None:
    """From the tick that found it."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    readings = Readings().add(0, *live(0, 200))
    play(pipeline, readings.batches(), FakeScorer())
    decided = pipeline.tick(float(live(0, 200)[0][-1]) + 3600)
    assert decided.events
    reports.note(decided)
    (report,) = reports.take(1000.0)
    assert (report.sensor, report.open_kinds) == (BOILERS[0], ("silent",))


def test_what_is_more_than_can_be_told_at_once_waits() -> None:
    """No sensor is forgotten, and none is told of twice; what a broker was slow to take leaves less room."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [0, 1, 2, 3])
    assert reports.take(1000.0, waiting=MOST_WAITING + 1) == []
    told = [report.sensor for report in reports.take(1000.0, waiting=MOST_WAITING - 3)]
    assert len(told) == 3
    told += [report.sensor for report in reports.take(1000.0)]
    assert sorted(told) == sorted(BOILERS)
    assert reports.take(1000.0) == []


def test_a_sensor_that_is_as_it_was_is_told_of_once_an_interval() -> None:
    """With what is known of it by then; it may report as often as it likes meanwhile."""
    pipeline = plant()
    reports, now = SensorReports(pipeline, 60.0), 1000.0
    batches = Readings().add(0, *live(0, 60)).batches(20)
    for batch, expected in zip(batches, (1, 0, 1), strict=True):
        scores = play(pipeline, [batch], FakeScorer()).scores
        reports.note(Decisions([], scores[0]))
        told = reports.take(now)
        assert len(told) == expected
        now += 30.0
    assert told[0].time_seconds == live(0, 60)[0][-1]


def test_a_change_of_standing_is_told_of_at_once() -> None:
    """An episode that opens, and another model, whenever the sensor was spoken of last."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [0, 1])
    assert len(reports.take(1000.0)) == 2
    played(pipeline, reports, [2], shift=40)
    assert [one.open_kinds for one in reports.take(1000.1)] == [("value",)]
    play(pipeline, Readings().add(0, live(0, 90)[0][60:], live(0, 90)[1][60:]).batches(), FakeScorer())
    pipeline.install(0, boilers_learnt(), ("fake", "2"))
    reports.note(Decisions([an_event(sensor=BOILERS[0])]))
    assert [one.model for one in reports.take(1000.2)] == [("fake", "2")]


def test_a_change_of_standing_does_not_queue_behind_those_that_waited_longer() -> None:
    """An episode that opens is told of before sensors that are as they were, whatever group they are of."""
    directory = SensorDirectory([("a", "b"), ("value",)], 8)
    directory.admit(0, "pair")
    for sensor in BOILERS:
        directory.admit(1, sensor)
    pipeline = Pipeline(directory, CoreSettings())
    pipeline.install(1, boilers_learnt(), MODEL)
    reports, all_but_one = SensorReports(pipeline, 60.0), MOST_WAITING - 1
    silent = an_event(sensor="pair")
    reports.note(Decisions([silent]))
    played(pipeline, reports, [0, 1], group=1)
    assert len(reports.take(1000.0)) == 3
    reports.note(Decisions([silent, an_event(sensor=BOILERS[0])]))
    played(pipeline, reports, [2], group=1, shift=40)
    assert [one.sensor for one in reports.take(1100.0, waiting=all_but_one)] == [BOILERS[2]]
    assert [one.sensor for one in reports.take(1100.0)] == ["pair", BOILERS[0]]


def test_an_interval_of_a_second_is_a_report_every_turn() -> None:
    """Turns come about once a second: of two that are a little less apart none is passed over."""
    pipeline, turns = plant(), (1000.0, 1000.99, 1001.98, 1002.999)
    reports = SensorReports(pipeline, 1.0)
    played(pipeline, reports, [0])
    for now in turns:
        reports.note(Decisions([an_event(sensor=BOILERS[0])]))
        assert len(reports.take(now)) == 1, now


def test_another_interval_counts_from_the_next_turn_on() -> None:
    """A reload may bring it."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [0])
    assert len(reports.take(1000.0)) == 1
    reports.note(Decisions([an_event(sensor=BOILERS[0])]))
    assert reports.take(1030.0) == []
    reports.tell_every(20.0)
    assert len(reports.take(1031.0)) == 1


def test_a_group_that_a_reload_adds_is_told_of_and_the_others_not_again() -> None:
    """What was said of a sensor stays said."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    reports = SensorReports(pipeline, 60.0)
    play(pipeline, Readings().add(2, *live(2, 30)).batches(), FakeScorer())
    assert [one.sensor for one in reports.take(1000.0)] == [BOILERS[2]]
    pipeline.directory.add_group(PAIR, ModelChoice())
    pipeline.follow_directory()
    assert reports.take(1001.0) == []
    pipeline.directory.admit(1, "pump")
    reports.note(Decisions([an_event(sensor="pump")]))
    assert [one.sensor for one in reports.take(1002.0)] == ["pump"]
    play(pipeline, Readings().add(2, *live(2, 35)).batches(), FakeScorer())
    assert reports.take(1003.0) == []
    assert [one.sensor for one in reports.take(1060.0)] == [BOILERS[2]]


def test_on_another_connection_all_is_told_again_as_it_is_by_then() -> None:
    """A broker may have forgotten what it retained; who was never spoken of is not."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    batches = Readings().add(0, *live(0, 60)).batches(30)
    reports.note(Decisions([], play(pipeline, batches[:1], FakeScorer()).scores[0]))
    reports.note(Decisions([an_event(sensor=BOILERS[1])]))
    assert len(reports.take(1000.0, connection=1)) == 2
    assert reports.take(1001.0, connection=1) == []
    reports.note(Decisions([], play(pipeline, batches[1:], FakeScorer()).scores[0]))
    assert reports.take(1002.0, connection=1) == []
    again = reports.take(1003.0, connection=2)
    assert [one.sensor for one in again] == [*BOILERS[:2]]
    assert again[0].time_seconds == live(0, 60)[0][-1]
    assert reports.take(1004.0, connection=2) == []


def test_while_no_broker_is_there_no_report_grows_old() -> None:
    """After an outage the first reports are what is known by then, changes of standing first, and none is left out."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [0])
    assert len(reports.take(1000.0, connection=1)) == 1
    played(pipeline, reports, [1])
    assert reports.take(1001.0, connection=0) == []
    played(pipeline, reports, [2], shift=40)
    assert reports.take(1002.0, connection=0) == []
    first = reports.take(1003.0, connection=2, waiting=MOST_WAITING - 2)
    assert [(one.sensor, one.open_kinds) for one in first] == [(BOILERS[1], ()), (BOILERS[2], ("value",))]
    assert [one.sensor for one in reports.take(1004.0, connection=2)] == [BOILERS[0]]


def test_a_change_of_standing_comes_before_what_is_told_again() -> None:
    """A large fleet takes minutes to be told of again."""
    pipeline = plant()
    reports = SensorReports(pipeline, 60.0)
    played(pipeline, reports, [0, 1])
    assert len(reports.take(1000.0, connection=1)) == 2
    played(pipeline, reports, [2], shift=40)
    told = reports.take(1001.0, connection=2, waiting=MOST_WAITING - 1)
    assert [one.sensor for one in told] == [BOILERS[2]]
    assert [one.sensor for one in reports.take(1002.0, connection=2)] == [*BOILERS[:2]]


def test_sensors_that_nothing_scores_are_told_of_after_the_clock_was_set_back() -> None:
    """That they were heard at another time is what counts, not that it is a later one."""
    pipeline = Pipeline(directory_of(BOILERS), CoreSettings())
    reports = SensorReports(pipeline, 60.0)
    times, values = live(2, 30)
    play(pipeline, Readings().add(2, times, values).batches(), FakeScorer())
    assert len(reports.take(1000.0)) == 1
    play(pipeline, Readings().add(2, times - 3600.0, values).batches(), FakeScorer())
    assert [one.sensor for one in reports.take(1100.0)] == [BOILERS[2]]
