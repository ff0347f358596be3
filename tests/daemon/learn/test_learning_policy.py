"""When a group is trained, and what for."""

from __future__ import annotations

import math

import numpy as np

from offbeat.config.settings import LearningSettings
from offbeat.learn.learning_policy import (
    STRAGGLERS_SECONDS,
    GroupFacts,
    LastTraining,
    due,
    remaining_seconds,
    retry_seconds,
)

RULES = LearningSettings()
NOW = 1_800_000_000.0
DAY = 86_400.0


def remaining(readings: int, gap: float, heard: float) -> float:
    """Seconds for which one sensor is still to be heard."""
    one = remaining_seconds(np.array([readings]), np.array([gap]), np.array([heard]), RULES)
    return float(one[0])


def facts(*remaining_of_each: float, heard: float = 400.0, **known: object) -> GroupFacts:
    """Facts of a group whose sensors were heard for some time."""
    return GroupFacts(np.array(remaining_of_each), np.full(len(remaining_of_each), heard), **known)  # type: ignore[arg-type]


def a_model(age: float, span: float = 10 * DAY) -> LastTraining:
    """A version of some age."""
    return LastTraining(NOW - age, span)


def test_a_sensor_of_a_reading_a_second_is_heard_enough_after_five_minutes() -> None:
    """Then a first model is worth its while."""
    assert remaining(readings=100, gap=1.0, heard=100.0) == 200.0
    assert remaining(readings=300, gap=1.0, heard=300.0) == 0.0


def test_a_fast_sensor_has_to_be_heard_for_as_long() -> None:
    """A thousand readings of ten seconds show ten seconds."""
    assert remaining(readings=1000, gap=0.01, heard=10.0) == 290.0


def test_a_slow_sensor_needs_fewer_readings_after_a_day() -> None:
    """At one in ten minutes, 300 would take two days."""
    assert remaining(readings=6, gap=600.0, heard=3600.0) == DAY - 3600.0
    assert remaining(readings=144, gap=600.0, heard=DAY) == 0.0


def test_of_a_sensor_of_one_reading_nobody_knows() -> None:
    """Without a gap there is no rate."""
    assert remaining(readings=1, gap=math.nan, heard=0.0) == math.inf


def test_nothing_is_due_while_nothing_was_heard() -> None:
    """And the share of the data is nought."""
    found = due(facts(), RULES, NOW)
    assert (found.now, found.share, found.at) == (False, 0.0, None)


def test_a_first_model_is_due_when_half_of_the_sensors_were_heard_enough() -> None:
    """Not before; until then it is told how far they are, and when it will be."""
    found = due(facts(0.0, 100.0, 100.0, heard=300.0), RULES, NOW)
    assert (found.now, found.at, found.share) == (False, NOW + 100.0, 0.75)
    assert found.why == (
        "1 of 3 sensors was heard enough, for 5 min and with 300 readings; half of them are needed"
    )
    assert due(facts(0.0, 0.0, 100.0), RULES, NOW).now


def test_a_single_sensor_is_spoken_of_as_one() -> None:
    """Whatever is told of it."""
    assert due(facts(100.0), RULES, NOW).why == (
        "0 of 1 sensor was heard enough, for 5 min and with 300 readings"
    )
    assert due(facts(0.0), RULES, NOW).why == "a first model: 1 of 1 sensor was heard enough"
    aged = a_model(age=DAY / 2)
    assert due(facts(0.0, unknown=1, last=aged), RULES, NOW).why == "1 of 1 sensor is new to the model"
    assert due(facts(0.0, drifted=1, last=aged), RULES, NOW).why == (
        "1 of 1 sensor has drifted away from what was learnt"
    )


def test_who_was_heard_for_long_waits_no_longer_for_the_others() -> None:
    """Ids that come and go must not put the first model off for ever."""
    assert not due(facts(0.0, math.inf, math.inf), RULES, NOW).now
    assert due(facts(0.0, math.inf, math.inf, heard=STRAGGLERS_SECONDS), RULES, NOW).now


def test_a_model_of_little_data_is_trained_anew_when_there_is_far_more() -> None:
    """Ten minutes are four times as much when half an hour has gone by."""
    early = due(facts(0.0, last=a_model(age=1500.0, span=600.0)), RULES, NOW)
    assert (early.now, early.at) == (False, NOW + 300.0)
    found = due(facts(0.0, last=a_model(age=1800.0, span=600.0)), RULES, NOW)
    assert (found.now, found.why) == (True, "there is far more data than before")


def test_a_model_of_much_data_is_trained_anew_once_a_day() -> None:
    """As the configuration says; not all machines at one time."""
    assert not due(facts(0.0, last=a_model(age=DAY - 1)), RULES, NOW).now
    assert due(facts(0.0, last=a_model(age=DAY)), RULES, NOW).why == "it is time for the next one"
    assert not due(facts(0.0, last=a_model(age=DAY)), RULES, NOW, jitter=1.0).now
    assert due(facts(0.0, last=a_model(age=DAY)), RULES, NOW, jitter=-1.0).now


def test_many_new_sensors_or_drift_bring_the_training_forward() -> None:
    """A fifth of the sensors, and not right after the last training."""
    of_ten = (0.0,) * 10
    assert not due(facts(*of_ten, unknown=1, last=a_model(age=DAY / 2)), RULES, NOW).now
    found = due(facts(*of_ten, unknown=2, last=a_model(age=DAY / 2)), RULES, NOW)
    assert (found.now, found.why) == (True, "2 of 10 sensors are new to the model")
    found = due(facts(*of_ten, drifted=2, last=a_model(age=DAY / 2)), RULES, NOW)
    assert (found.now, found.why) == (True, "2 of 10 sensors have drifted away from what was learnt")
    just_now = due(facts(*of_ten, drifted=2, last=a_model(age=60.0)), RULES, NOW)
    assert (just_now.now, just_now.at) == (False, NOW - 60.0 + DAY / 8)
    unwanted = LearningSettings(drift=False)
    assert not due(facts(*of_ten, drifted=10, last=a_model(age=DAY / 2)), unwanted, NOW).now


def test_what_failed_is_tried_again_later_and_later() -> None:
    """Never at once, and at the latest in the time between two trainings."""
    failed = facts(0.0, 0.0, failures=1, failed_at=NOW)
    found = due(failed, RULES, NOW + 10.0)
    assert (found.now, found.at) == (False, NOW + 300.0)
    assert due(failed, RULES, NOW + 300.0).now
    assert [retry_seconds(n, RULES) for n in (1, 2, 3, 9, 1000)] == [300.0, 900.0, 2700.0, DAY, DAY]
