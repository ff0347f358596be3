"""Faults of other detectors, lived through by the production core: each test names where it was reported."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from offbeat.core.commission import Commission
from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, Played, commissioned, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, LEARNT_ROWS, boiler, live, plant

HOUR = 3600.0
DAY = 24 * HOUR
STILL = "valve.position"


@cache
def with_a_still_one() -> Commission:
    """Return what is learnt of a boiler, and of a sensor that read the same all the time."""
    times, values = boiler(0, LEARNT_ROWS)
    recordings = [
        Recording(BOILERS[0], times, values[:, None]),
        Recording(STILL, times, np.full((LEARNT_ROWS, 1), 30.0, np.float32)),
    ]
    return commissioned(("value",), recordings, FakeScorer())


def beside_a_still_one() -> Pipeline:
    """Return a plant of these two."""
    pipeline = Pipeline(directory_of((BOILERS[0], STILL)), CoreSettings())
    pipeline.install(0, with_a_still_one(), MODEL)
    return pipeline


def read(pipeline: Pipeline, times: np.ndarray, values: np.ndarray, sensor: int = 0) -> Played:
    """Play readings of one sensor, with a tick every five seconds."""
    return play(pipeline, Readings().add(sensor, times, values).batches(50), FakeScorer(), tick_seconds=5)


def still_until_it_jumps() -> Played:
    """Play 150 readings of what the still sensor always read, and 50 of something far away."""
    times, _ = live(0, 200)
    values = np.full(200, 30.0, np.float32)
    values[150:] = 45.0
    return read(beside_a_still_one(), times, values, sensor=1)


def test_a_constant_sensor_is_ordinary_until_it_jumps() -> None:
    """Its spread is zero, and yet not everything is strange (netdata#12967); its first move is the strangest so far."""
    out = still_until_it_jumps()
    assert (out.of(1)[:150] == 0.0).all()
    assert out.of(1)[150:].min() > 0.2
    assert out.of(1, "p_value")[150] < 0.05


def test_the_jump_of_a_constant_sensor_is_told() -> None:
    """It is what somebody looked for (vmanomaly 1.29.6)."""
    assert [e.event for e in still_until_it_jumps().events if e.event != "update"] == ["open"]


def test_a_gap_ends_no_scoring() -> None:
    """The first reading after it has a score, and all that follow (Netdata clears its window and waits)."""
    times, values = live(0, 200)
    keep = (np.arange(200) < 100) | (np.arange(200) >= 130)
    out = play(plant(), Readings().add(0, times[keep], values[keep]).batches(50), FakeScorer())
    assert np.isfinite(out.of(0)[100:]).all()
    assert len(out.of(0)) == keep.sum()


def test_a_shift_at_the_end_of_what_is_learnt_is_not_what_is_usual() -> None:
    """The level of all the time before still is, and a jump three times as far is found (vmanomaly 1.30.1)."""
    times, values = boiler(0, LEARNT_ROWS)
    values = values.copy()
    values[-50:] += 20.0
    pipeline = Pipeline(directory_of(BOILERS[:1]), CoreSettings())
    learnt = commissioned(("value",), [Recording(BOILERS[0], times, values[:, None])], FakeScorer())
    pipeline.install(0, learnt, MODEL)
    assert learnt.center[1, 0] == pytest.approx(65.0, abs=2.0)
    times, values = live(0, 300)
    values[200:220] += 60.0
    out = read(pipeline, times, values)
    opened = [e.started_at for e in out.events if e.event == "open"]
    assert len(opened) == 1
    assert times[200] <= opened[0] <= times[205]


def test_where_on_the_clock_readings_lie_does_not_matter() -> None:
    """There is no grid that they could be off (vmanomaly 1.30.1)."""
    times, values = live(0, 200)
    values[150:160] += 15.0
    there, off = read(plant(), times, values), read(plant(), times + 0.375, values)
    assert there.story() == off.story() != []
    assert np.allclose(there.of(0), off.of(0), rtol=1e-3)


def test_hours_of_a_backlog_that_come_at_once_are_no_storm() -> None:
    """They are judged at their own times; the silence is closed and nothing else opens (thingsboard#4207)."""
    pipeline = plant()
    times, values = live(0, 4500)
    read(pipeline, times[:150], values[:150])
    back = times[-1] + 1.0
    silent = pipeline.tick(back)
    assert [(e.event, e.kind) for e in silent.events] == [("open", "silent")]
    backlog = Readings().add(0, times[150:], values[150:], arrival_seconds=np.full(4350, back))
    out = play(pipeline, backlog.batches(1000), FakeScorer(), tick_seconds=5)
    assert back - times[150] > 6 * HOUR
    assert out.story() == [("close", BOILERS[0], "silent")]
    assert len(out.of(0)) == 4350


def gone_for(seconds: float) -> tuple[list[EpisodeEvent], Played]:
    """Let a sensor go silent for some time; return what is told meanwhile, and what when it is back."""
    pipeline = plant()
    times, values = live(0, 300)
    read(pipeline, times[:150], values[:150])
    hours = range(1, int(seconds / HOUR) + 1)
    told = [e for hour in hours for e in pipeline.tick(times[149] + hour * HOUR).events]
    return told, read(pipeline, times[150:] + seconds, values[150:])


def test_a_sensor_that_is_gone_for_weeks_leaves_one_silence_and_no_ghosts() -> None:
    """Nothing is said of values that nobody read, then or when it is back (elastic/ml-cpp#305)."""
    told, back = gone_for(21 * DAY)
    of_it = [e for e in told if e.sensor == BOILERS[0]]
    assert {e.kind for e in of_it} == {"silent"}
    assert [e.event for e in of_it if e.event != "update"] == ["open"]
    assert ("close", BOILERS[0], "silent") in back.story()
    assert not [e for e in back.events if e.family == "process"]


def test_after_weeks_of_silence_the_rhythm_is_as_it_was() -> None:
    """The silence was told, and one gap is no rhythm (elastic/ml-cpp#305)."""
    assert gone_for(21 * DAY)[1].story() == [("close", BOILERS[0], "silent")]


def test_after_an_hour_of_silence_the_rhythm_is_as_it_was() -> None:
    """One gap is no rhythm."""
    assert gone_for(HOUR)[1].story() == [("close", BOILERS[0], "silent")]


def test_what_is_small_is_small_in_whatever_unit() -> None:
    """No bound is a share of the reading or a number of units (OpenSearch ignores what is within 20 %)."""
    scores = []
    for factor, offset in ((1.0, 0.0), (1024.0, 2.0**17)):
        pipeline = Pipeline(directory_of(BOILERS[:1]), CoreSettings())
        times, values = boiler(0, LEARNT_ROWS)
        past = Recording(BOILERS[0], times, (values * factor + offset)[:, None].astype(np.float32))
        pipeline.install(0, commissioned(("value",), [past], FakeScorer()), MODEL)
        times, values = live(0, 200)
        values[150:160] += 15.0
        scores.append(read(pipeline, times, values * np.float32(factor) + np.float32(offset)))
    assert scores[0].story() == scores[1].story() != []
    assert np.median(np.abs(scores[0].of(0) - scores[1].of(0))) < 0.05
