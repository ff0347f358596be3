"""Rules in the pipeline: from the first reading on, without a model, in plain sentences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.rules import Rule
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import directory_of, play
from offbeat.testing.readings import Readings

START = 1_700_000_000.0
HOT = Rule(sensor="boiler*", high=90.0, score=2.0, name="safety valve")


def fresh(*rules: Rule) -> Pipeline:
    """Return a pipeline that has learnt nothing."""
    settings = CoreSettings(rules=rules, units={"value": "°C"})
    return Pipeline(directory_of(("boiler", "other")), settings)


def heard(pipeline: Pipeline, values: list[float], sensor: int = 0, batch: int = 3) -> list[EpisodeEvent]:
    """Return what is told of a sensor that reads these values, two seconds apart."""
    readings = Readings()
    times = START + 2.0 * np.arange(len(values))
    readings.add(sensor, times, np.array(values, np.float32))
    return play(pipeline, readings.batches(batch), FakeScorer()).events


def test_a_broken_rule_is_told_on_day_0_and_closed_when_it_is_kept_again() -> None:
    """With the value, the limit and the name that the operator gave it."""
    events = heard(fresh(HOT), [65.0, 95.2, 96.0] + [70.0] * 8)
    assert [(event.event, event.kind, event.severity) for event in events] == [
        ("open", "rule", "critical"),
        ("close", "rule", "critical"),
    ]
    assert events[0].message == "boiler reads 95.2 °C, above its limit of 90 °C (safety valve)."
    assert events[1].message.startswith("boiler keeps its limits again after")
    assert (events[0].family, events[0].model, len({event.id for event in events})) == ("process", None, 1)
    assert all(a.updated_at <= b.updated_at for a, b in pairwise(events))


def test_other_sensors_may_be_as_hot_as_they_like() -> None:
    """The pattern says whom it is for."""
    assert heard(fresh(HOT), [65.0, 95.0] + [70.0] * 8, sensor=1) == []


def test_a_sensor_that_falls_silent_beyond_its_limit_is_not_called_well() -> None:
    """Its last reading still breaks the rule, whatever time passes."""
    pipeline = fresh(HOT)
    events = heard(pipeline, [65.0] * 40 + [95.0])
    events += pipeline.tick(START + 86_400.0).events
    assert [event.event for event in events if event.kind == "rule"] == ["open"]


def test_a_snapshot_carries_the_open_episode_over() -> None:
    """It is closed under the same id after a restart."""
    before, after = fresh(HOT), fresh(HOT)
    (opened,) = heard(before, [65.0, 95.0])
    slots = np.array([0], np.intp)
    after.directory.admit(0, "boiler")
    after.put_state(0, slots, before.state_of(0, slots))
    readings = Readings()
    readings.add(0, START + 100.0 + 2.0 * np.arange(8), np.full(8, 70.0, np.float32))
    (closed,) = play(after, readings.batches(2), FakeScorer()).events
    assert (closed.event, closed.id) == ("close", opened.id)
