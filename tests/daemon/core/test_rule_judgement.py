"""Rules in the pipeline: from the first reading on, without a model, in plain sentences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.decisions import RULE_COLUMN
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.rulebook import Rule
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant

START = 1_700_000_000.0
HOT = Rule(sensor="boiler*", high=90.0, score=2.0, name="safety valve", unit="°C")
PATIENT = Rule(high=90.0, for_seconds=10.0)
NAN = float("nan")


def fresh(*rules: Rule, channels: tuple[str, ...] = ("value",)) -> Pipeline:
    """Return a pipeline that has learnt nothing."""
    return Pipeline(directory_of(("boiler", "other"), channels), CoreSettings(rules=rules))


def heard(
    pipeline: Pipeline,
    rows: list[float] | list[list[float]],
    sensor: int = 0,
    batch: int = 3,
    start: float = START,
) -> list[EpisodeEvent]:
    """Return what is told of a sensor that reads these rows, two seconds apart."""
    table = np.array(rows, np.float32).reshape(len(rows), -1)
    readings = Readings()
    readings.add_rows(sensor, start + 2.0 * np.arange(len(table)), table)
    return play(pipeline, readings.batches(batch), FakeScorer()).events


def story(events: list[EpisodeEvent]) -> list[tuple[str, str]]:
    """Return what happened, and how grave it was."""
    return [(event.event, event.severity) for event in events]


def test_a_broken_rule_is_told_on_day_0_and_closed_when_it_is_kept_again() -> None:
    """With the value, the limit and the name that the operator gave it; there is no chance about it."""
    events = heard(fresh(HOT), [65.0, 95.2, 96.0] + [70.0] * 8)
    assert story(events) == [("open", "critical"), ("close", "critical")]
    opened, closed = events
    assert opened.message == "boiler reads 95.2 °C, above its limit of 90 °C (safety valve)."
    assert closed.message == "boiler keeps its limits again after 12 s; it reads 70 °C."
    assert (opened.family, opened.kind, opened.model) == ("process", "rule", None)
    assert (np.isnan(opened.p_value), opened.contributions) == (True, {"value": 1.0})
    assert (opened.id, opened.started_at) == (closed.id, START + 2.0)
    assert all(a.updated_at <= b.updated_at for a, b in pairwise(events))


@pytest.mark.parametrize(
    ("rule", "values", "message"),
    [
        (Rule(low=-5.0), [0.0, -7.5], "boiler reads -7.5, below its limit of -5."),
        (
            Rule(rise_per_second=2.0, unit="bar"),
            [1.0, 9.0],
            "boiler reads 9 bar, rising faster than 2 bar a second.",
        ),
        (Rule(fall_per_second=0.5), [9.0, 1.0], "boiler reads 1, falling faster than 0.5 a second."),
        (PATIENT, [95.0] * 7, "boiler reads 95, above its limit of 90 for 10 s."),
    ],
)
def test_each_bound_has_its_sentence(rule: Rule, values: list[float], message: str) -> None:
    """In the units of the rule."""
    assert [event.message for event in heard(fresh(rule), values)] == [message]


def test_a_value_that_is_almost_back_is_said_to_be_so() -> None:
    """It is no longer beyond the limit, and the alert is still open."""
    (_, update) = heard(fresh(Rule(high=90.0, hysteresis=2.0)), [95.0] + [89.0] * 40)
    assert update.message == "boiler reads 89, not yet 2 inside its limit of 90. Broken for 1 min now."


def test_other_sensors_may_be_as_hot_as_they_like() -> None:
    """The pattern says whom it is for."""
    assert heard(fresh(HOT), [65.0, 95.0] + [70.0] * 8, sensor=1) == []


def test_a_graver_rule_is_told_inside_the_episode_of_a_milder_one() -> None:
    """With the limit that is broken now; it is one call and one id."""
    events = heard(fresh(HOT, Rule(high=80.0)), [65.0, 85.0, 86.0, 95.0, 85.0])
    assert story(events) == [("open", "warning"), ("update", "critical")]
    assert "limit of 90 °C (safety valve). Broken for 4 s now." in events[1].message
    assert events[0].id == events[1].id


def test_short_dips_below_the_limit_do_not_close_what_waits_again() -> None:
    """A reading beyond the limit is not calm before it was there for long enough: the rule was not kept again."""
    dips = [95.0, 95.0, 70.0] * 20
    events = heard(fresh(PATIENT), [65.0] + [95.0] * 8 + dips + [70.0] * 8)
    assert [event.event for event in events if event.event != "update"] == ["open", "close"]
    assert events[-1].observed["value"] == 70.0
    assert events[-1].updated_at > START + 2.0 * (9 + len(dips))


def test_what_other_channels_report_does_not_close_an_episode() -> None:
    """The channel itself has to come back; the message and the share are of that channel."""
    pipeline = fresh(Rule(channel="temp", high=90.0), channels=("flow", "temp"))
    flow_only = [[5.0, NAN]] * 20
    (opened,) = heard(pipeline, [[5.0, 95.0], *flow_only])
    assert (opened.message, opened.contributions) == (
        "boiler temp reads 95, above its limit of 90.",
        {"temp": 1.0},
    )
    (closed,) = heard(pipeline, [[5.0, 80.0], *flow_only], start=START + 100.0)
    assert (closed.event, closed.updated_at) == ("close", START + 108.0)


def test_a_sensor_that_falls_silent_beyond_its_limit_is_not_called_well() -> None:
    """Its last reading still breaks the rule, whatever time passes; after a good one time closes it."""
    pipeline = fresh(HOT)
    events = heard(pipeline, [65.0] * 40 + [95.0])
    events += pipeline.tick(START + 7_200.0).events
    assert [event.event for event in events if event.kind == "rule"] == ["open"]
    assert "close" not in [
        event.event for event in heard(pipeline, [70.0], start=START + 10_000.0) if event.kind == "rule"
    ]
    (closed,) = pipeline.tick(START + 10_001.0).events
    assert (closed.event, closed.kind) == ("close", "rule")
    assert closed.message.startswith("boiler keeps its limits again after 2 h")


def test_patience_ends_by_the_clock_where_a_sensor_reports_changes_only() -> None:
    """Under the id that a next reading would have given it."""
    by_clock, by_reading = fresh(PATIENT), fresh(PATIENT)
    assert heard(by_clock, [65.0, 95.0]) == heard(by_reading, [65.0, 95.0]) == []
    assert by_clock.tick(START + 11.9).events == []
    (opened,) = by_clock.tick(START + 12.0).events
    assert opened.message == "boiler reads 95, above its limit of 90 for 10 s."
    (other,) = heard(by_reading, [96.0], start=START + 60.0)
    assert (opened.id, opened.started_at) == (other.id, START + 12.0)
    assert by_clock.tick(START + 13.0).events == []


def test_a_snapshot_carries_the_open_episode_over() -> None:
    """It is closed under the same id after a restart."""
    before, after = fresh(HOT), fresh(HOT)
    (opened,) = heard(before, [65.0, 95.0])
    carry(before, after)
    (closed,) = heard(after, [70.0] * 8, start=START + 100.0)
    assert (closed.event, closed.id) == ("close", opened.id)


VALUES = st.sampled_from([50.0, 74.0, 76.0, 79.0, 85.0, 95.0, 99.0])


@given(st.lists(VALUES, min_size=1, max_size=40), st.integers(1, 40))
@settings(deadline=None, max_examples=40)
def test_how_batches_are_cut_decides_nothing(values: list[float], size: int) -> None:
    """Neither what opens and closes nor what is said of it."""
    which = (HOT, Rule(high=75.0, hysteresis=2.0), Rule(rise_per_second=4.0, for_seconds=3.0))
    assert heard(fresh(*which), values, batch=size) == heard(fresh(*which), values, batch=1)


@pytest.mark.parametrize("now", [(), (Rule(sensor="other", high=1.0),)])
def test_an_episode_of_a_rule_that_is_no_more_is_closed(now: tuple[Rule, ...]) -> None:
    """The operator took it out of the configuration and started anew; readings are as high as before."""
    before, after = fresh(HOT), fresh(*now)
    (opened,) = heard(before, [65.0, 95.0])
    carry(before, after)
    (closed,) = heard(after, [95.0] * 8, start=START + 100.0)
    assert (closed.event, closed.id) == ("close", opened.id)
    assert closed.message.startswith("boiler breaks no rule any more: closed after")


def carry(before: Pipeline, after: Pipeline) -> None:
    """Restore one pipeline's state into another."""
    slots = np.array([0, 1])
    after.put_state(0, slots, before.state_of(0, slots))


def test_scored_rows_have_a_column_of_rules_where_there_are_any() -> None:
    """Empty for sensors that no rule is for; the budget and the score of the process know nothing of it."""
    times, values = live(0, 40)
    values[20] = 500.0
    readings = Readings().add(0, times, values).add(1, times, values)
    rule = Rule(sensor=BOILERS[0], high=400.0)
    ruled = play(plant(CoreSettings(rules=(rule,))), readings.batches(7), FakeScorer())
    plain = play(plant(), readings.batches(7), FakeScorer())
    assert ruled.scores[0].names[:-1] == plain.scores[0].names
    assert ruled.scores[0].names[-1] == RULE_COLUMN
    column = ruled.of(0, "surprise")[:, -1]
    assert np.flatnonzero(column).tolist() == [20]
    assert np.isnan(ruled.of(1, "surprise")[:, -1]).all()
    np.testing.assert_array_equal(ruled.of(0), plain.of(0))
