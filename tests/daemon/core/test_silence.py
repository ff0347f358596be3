"""When a sensor that says nothing has said nothing for too long."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.testing.playing import directory_of, play
from offbeat.testing.readings import Readings

DAY = 86_400.0


def heard(times: np.ndarray, arrival: np.ndarray | None = None) -> Pipeline:
    """Return a pipeline without an artifact that heard one sensor."""
    pipeline = Pipeline(directory_of(["pump.flow"]), CoreSettings())
    readings = Readings().add(0, times, np.arange(len(times)), arrival_seconds=arrival)
    play(pipeline, readings.batches(16))
    return pipeline


def first_alert(pipeline: Pipeline, since: float, until: float = 30 * DAY) -> float:
    """Return how long a silence lasts until it is told of, inf if it never is."""
    for elapsed in np.geomspace(1.0, until, 400):
        if pipeline.tick(since + float(elapsed)).events:
            return float(elapsed)
    return np.inf


@pytest.mark.parametrize("gap", [0.5, 5.0, 60.0, 3600.0])
def test_a_regular_sensor_is_missed_after_some_gaps_whatever_its_pace(gap: float) -> None:
    """Ten gaps are too many, three are not."""
    times = 1e9 + np.arange(2000) * gap
    assert 3 * gap < first_alert(heard(times), times[-1]) < 12 * gap


def test_few_gaps_say_nothing() -> None:
    """A sensor that was heard of for a minute is not missed."""
    times = 1e9 + np.arange(12) * 5.0
    assert first_alert(heard(times), times[-1], until=DAY) == np.inf


@pytest.mark.parametrize(("known", "soonest", "latest"), [(130, 20, 30), (240, 10, 18), (900, 5, 15)])
def test_the_longer_a_sensor_is_known_the_sooner_it_is_missed(known: int, soonest: int, latest: int) -> None:
    """At a reading a second that is within minutes of its first one."""
    times = 1e9 + np.arange(known, dtype=np.float64)
    assert soonest < first_alert(heard(times), times[-1]) < latest


def test_a_sensor_that_is_known_for_a_minute_is_not_missed_for_an_hour() -> None:
    """It may be one that wakes up, reports, and sleeps."""
    times = 1e9 + np.arange(60.0)
    assert first_alert(heard(times), times[-1]) > 3600


def test_a_sensor_with_pauses_is_not_missed_in_one_of_them() -> None:
    """Bursts of readings with an hour between are a rhythm, too."""
    bursts = [1e9 + 3600 * i + np.arange(20) for i in range(30)]
    times = np.concatenate(bursts)
    assert first_alert(heard(times), times[-1]) > 2 * 3600


def test_messages_that_carry_a_minute_of_readings_are_expected_every_minute() -> None:
    """Silence is about when messages arrive, not about the times in them."""
    times = 1e9 + np.arange(3600.0)
    arrival = 1e9 + 60 * np.ceil((np.arange(3600) + 1) / 60)
    assert first_alert(heard(times, arrival), float(arrival[-1])) > 90


def test_an_outage_is_not_learnt_but_a_new_rhythm_is() -> None:
    """After one outage the next is found as soon; after a week of hourly readings an hour is no silence."""
    pipeline = Pipeline(directory_of(["pump.flow"]), CoreSettings())
    steady = 1e9 + np.arange(2000) * 5.0
    slow = steady[-1] + 3600.0 * np.arange(1, 40)
    alerts = []
    for t in (*steady[::1], *slow):
        now = float(t)
        alerts += [now for e in pipeline.tick(now - 0.001).events if e.event == "open"]
        play(pipeline, Readings(offset=int(now)).add(0, [now], [now % 7]).batches())
    assert alerts[0] == slow[0]
    assert len(alerts) < 12
    assert first_alert(pipeline, float(slow[-1])) > 3600


def test_a_sensor_that_was_never_heard_is_not_missed() -> None:
    """A slot without a message has no cadence."""
    pipeline = Pipeline(directory_of(["a", "b"]), CoreSettings())
    assert pipeline.tick(1e9).events == []


def test_a_lasting_silence_is_told_of_ever_more_rarely() -> None:
    """A sensor that was taken away does not send an update a minute for ever."""
    times = 1e9 + np.arange(500) * 5.0
    pipeline = heard(times)
    events = [e for s in range(1, 3 * 1440) for e in pipeline.tick(float(times[-1]) + 60 * s).events]
    assert [e.event for e in events][:1] == ["open"]
    assert {e.event for e in events[1:]} == {"update"}
    assert len(events) < 40
