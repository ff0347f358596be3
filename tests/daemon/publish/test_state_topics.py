"""States that wait to be published."""

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


def test_only_the_newest_state_of_a_sensor_waits_and_keeps_the_place_of_the_first() -> None:
    """What is behind it is not overtaken for ever by one that changes all the time."""
    topics = StateTopics()
    topics.put([state("a", 1.0), state("b", 1.0), state("a", 2.0)])
    topics.put([state("a", 3.0), state("c", 3.0)])
    assert topics.waiting == 3
    assert topics.take(2) == [state("a", 3.0), state("b", 1.0)]
    assert topics.take(2) == [state("c", 3.0)]
    assert (topics.take(2), topics.waiting) == ([], 0)


def test_what_waits_can_be_dropped() -> None:
    """Before another connection: what comes after is sent."""
    topics = StateTopics()
    topics.put([state("a", 1.0), state("b", 1.0)])
    topics.drop()
    topics.put([state("b", 2.0)])
    assert topics.take(9) == [state("b", 2.0)]


@given(st.lists(st.one_of(st.sampled_from("abc"), st.integers(0, 2)), max_size=40))
def test_the_newest_state_of_every_sensor_is_sent_in_the_end(steps: list[str | int]) -> None:
    """In whatever order states come and are taken; never a stale one after a newer one, none twice."""
    topics = StateTopics()
    newest: dict[str, SensorState] = {}
    sent: dict[str, SensorState] = {}
    for number, step in enumerate([*steps, 10]):
        if isinstance(step, str):
            newest[step] = state(step, float(number))
            topics.put([newest[step]])
            continue
        for taken in topics.take(step):
            assert taken == newest[taken.sensor] != sent.get(taken.sensor)
            sent[taken.sensor] = taken
    assert sent == newest


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
