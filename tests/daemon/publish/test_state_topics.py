"""Last values and when they are due, with time as an argument."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.publish.state_topics import SensorState, StateTopics, state_json


def state(sensor: str = "a", at: float = 0.0, *kinds: str) -> SensorState:
    """Return a state."""
    return SensorState(sensor, at, 0.5, 0.1, kinds)


def test_the_first_state_is_due_at_once_and_the_next_after_the_interval() -> None:
    """Only the newest is sent."""
    topics = StateTopics(60.0)
    topics.put([state(at=1.0)], now=0.0)
    assert topics.take(0.0, 10) == [state(at=1.0)]
    topics.put([state(at=2.0)], now=1.0)
    topics.put([state(at=3.0)], now=2.0)
    assert topics.take(59.9, 10) == []
    assert topics.take(60.0, 10) == [state(at=3.0)]
    assert topics.take(1000.0, 10) == []


def test_a_change_of_open_episodes_is_due_at_once() -> None:
    """Both ways; and it is sent once."""
    topics = StateTopics(60.0)
    topics.put([state()], now=0.0)
    topics.take(0.0, 10)
    topics.put([state("a", 1.0)], now=1.0)
    topics.put([state("a", 2.0, "value")], now=2.0)
    assert topics.take(2.0, 10) == [state("a", 2.0, "value")]
    topics.put([state("a", 3.0)], now=3.0)
    assert topics.take(3.0, 10) == [state("a", 3.0)]
    assert topics.take(1000.0, 10) == []


def test_a_flood_of_changes_is_held_to_the_rate() -> None:
    """Ten thousand sensors that change at once do not flood the broker."""
    topics = StateTopics(60.0, per_second=100.0)
    topics.put([state(f"s{i}") for i in range(1000)], now=0.0)
    sent = sum(len(topics.take(tenth / 10, 50)) for tenth in range(50))
    assert 500 <= sent <= 600
    assert topics.waiting == 1000 - sent


def test_all_are_sent_again_to_a_broker_that_forgot() -> None:
    """Also those of sensors that have fallen silent."""
    topics = StateTopics(60.0)
    topics.put([state("a"), state("b")], now=0.0)
    topics.take(0.0, 10)
    topics.send_all_again(5.0)
    assert {s.sensor for s in topics.take(5.0, 10)} == {"a", "b"}


def test_waiting_time_is_known() -> None:
    """So that the sender sleeps neither too long nor in vain."""
    topics = StateTopics(60.0)
    assert topics.wait_seconds(0.0, 5.0) == 5.0
    topics.put([state()], now=0.0)
    assert topics.wait_seconds(0.0, 5.0) == 0.0
    topics.take(0.0, 10)
    topics.put([state(at=1.0)], now=1.0)
    assert topics.wait_seconds(57.0, 5.0) == 3.0


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 30), st.booleans()), max_size=40)
)
def test_the_newest_state_of_every_sensor_is_sent_in_the_end(
    steps: list[tuple[str, bool, float, bool]],
) -> None:
    """In whatever order states come and are taken; never a stale one after a newer one."""
    topics, now = StateTopics(10.0), 0.0
    newest: dict[str, SensorState] = {}
    sent: dict[str, SensorState] = {}
    for sensor, anomalous, wait, take in steps:
        now += wait
        newest[sensor] = state(sensor, now, *(["value"] if anomalous else []))
        topics.put([newest[sensor]], now)
        if take:
            for taken in topics.take(now, 10):
                assert taken == newest[taken.sensor]
                sent[taken.sensor] = taken
            for name, known in newest.items():
                if name in sent:
                    assert sent[name].open_kinds == known.open_kinds
    sent.update((taken.sensor, taken) for taken in topics.take(now + 10.0, 10))
    assert sent == newest
    assert topics.waiting == 0


def test_a_change_of_readiness_or_of_the_model_is_due_at_once() -> None:
    """Progress alone is not: it changes with every reading."""
    topics = StateTopics(60.0)
    topics.put([replace(state(), readiness="learning", progress=0.1)], now=0.0)
    topics.take(0.0, 10)
    topics.put([replace(state(), readiness="learning", progress=0.9)], now=1.0)
    assert topics.take(1.0, 10) == []
    ready = replace(state(), readiness="ready")
    topics.put([ready], now=2.0)
    assert topics.take(2.0, 10) == [ready]
    taken_up = replace(ready, model=("lstm_vae", "4f6e0c2ad1b3"))
    topics.put([taken_up], now=3.0)
    assert topics.take(3.0, 10) == [taken_up]


def test_what_is_learnt_of_a_sensor_is_told_with_what_judges_it() -> None:
    """As a person or a program would ask."""
    learning = replace(
        state(), readiness="learning", progress=0.43219, reason="138 of 320", eta_seconds=math.nan,
        model=("fleet_prior", "4f6e0c2ad1b3"),
    )  # fmt: skip
    said = json.loads(state_json(learning))
    assert (said["readiness"], said["progress"], said["reason"]) == ("learning", 0.432, "138 of 320")
    assert said["eta_s"] is None
    assert said["model"] == {"name": "fleet_prior", "version": "4f6e0c2ad1b3"}


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_state_is_always_json(score: float) -> None:
    """What is not known is null."""
    said = json.loads(state_json(SensorState("\ud800", math.nan, score, 0.5)))
    assert said == {
        "schema": "offbeat.state/1",
        "sensor": "?",
        "at": None,
        "score": None,
        "p_value": 0.5,
        "anomalous": False,
        "open": [],
        "readiness": "ready",
        "progress": 1.0,
        "reason": None,
        "eta_s": 0.0,
        "model": None,
    }
