"""A sensor that stood still for as long as anybody knows, and moves: told once, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.events import EpisodeEvent
from offbeat.core.orders import Label, LearningRules, Orders, What
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.testing.playing import MODEL, Played, commissioned, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import LEARNT_ROWS, PAIR, boiler, live, pair

HOUR = 3600.0
BOILER, VALVE = "boiler.temp", "valve.position"
AT_REST, ELSEWHERE = 30.0, 45.0
HARDLY = 0.01
"""A move that only one who counts moves can see."""
PLENTY = 200.0
"""Alerts a week by which a move is rare after some hundred rows of rest."""

Values = NDArray[np.floating]


def learnt(past: Values) -> Commission:
    """Return what is learnt of a boiler, and of a valve with some past."""
    times, values = boiler(0, LEARNT_ROWS)
    recordings = [
        Recording(BOILER, times, values[:, None]),
        Recording(VALVE, times, past.astype(np.float32)[:, None]),
    ]
    return commissioned(("value",), recordings)


@cache
def with_a_still_one() -> Commission:
    """Return what is learnt where the valve never moved."""
    return learnt(np.full(LEARNT_ROWS, AT_REST))


def read(
    values: Values, commission: Commission | None = None, settings: CoreSettings | None = None
) -> Played:
    """Play readings of the valve, and the boiler's beside it."""
    pipeline = Pipeline(directory_of((BOILER, VALVE)), settings or CoreSettings())
    pipeline.install(0, commission or with_a_still_one(), MODEL)
    times, of_boiler = live(0, len(values))
    readings = Readings().add(0, times, of_boiler).add(1, times, values.astype(np.float32))
    return play(pipeline, readings.batches(100), tick_seconds=60)


def still_and(*readings: tuple[int, float]) -> Values:
    """Return 100 readings at rest, and then others, each so many times."""
    return np.concatenate([np.full(n, value) for n, value in ((100, AT_REST), *readings)])


def told(out: Played) -> list[tuple[str, float]]:
    """Return (event, time in the valve's rows) of what was told of it but for updates."""
    times, _ = live(0, 5000)
    return [
        (e.event, float(np.searchsorted(times, e.updated_at)))
        for e in out.events
        if e.sensor == VALVE and e.event != "update"
    ]


def test_one_that_moves_and_stays_is_told_at_once_and_only_once() -> None:
    """With a score that says that it is worth an alert; and at the end, that it has not come back."""
    out = read(still_and((500, ELSEWHERE)))
    assert [event for event, _ in told(out)] == ["open", "close"]
    opened, closed = (e for e in out.events if e.sensor == VALVE and e.event != "update")
    assert told(out)[0] == ("open", 100)
    assert opened.severity == "warning"
    assert opened.score >= 1.0
    assert opened.message.startswith("valve.position reads 45; expected ")
    assert "has not come back" in closed.message


def test_one_that_moves_and_comes_back_is_told_once() -> None:
    """A flag that was up for three readings, and one that flaps."""
    for away in ([(3, ELSEWHERE)], [(3, ELSEWHERE), (3, AT_REST)] * 8):
        out = read(still_and(*away, (300, AT_REST)))
        assert [event for event, _ in told(out)] == ["open", "close"]
        assert "is back to normal" in out.events[-1].message


def test_the_next_moves_of_the_same_day_are_not_told() -> None:
    """What moves every ten minutes moves: one alert a week is asked for."""
    out = read(still_and(*[(120, ELSEWHERE), (120, AT_REST)] * 8))
    assert [event for event, _ in told(out)].count("open") == 1


def test_one_that_always_moved_between_its_set_points_is_judged_by_the_streams_alone() -> None:
    """It never stood still; its moves are ordinary."""
    past = AT_REST + (ELSEWHERE - AT_REST) * (np.arange(LEARNT_ROWS) // 90 % 2)
    commission = learnt(past)
    assert commission.still_rows is not None
    assert not commission.still_rows.any()
    assert told(read(past[:1000], commission)) == []


def test_one_that_flickered_within_a_quantum_and_jumps_is_told() -> None:
    """That is movement, however small, and the streams measure the jump by it."""
    rng = np.random.default_rng(3)
    past = AT_REST + 0.1 * (rng.random(LEARNT_ROWS) < 0.01)
    values = AT_REST + 0.1 * (rng.random(200) < 0.01)
    values[150:] = ELSEWHERE
    assert [event for event, _ in told(read(values, learnt(past)))] == ["open"]


def test_sensors_with_any_movement_are_judged_as_if_nobody_counted_moves() -> None:
    """To the last bit: a boiler beside the valve, and one with a second channel that never moved, and now does."""
    commission = with_a_still_one()
    values = still_and((50, ELSEWHERE))
    counted, not_counted = read(values), read(values, replace(commission, still_rows=None))
    _same(counted, not_counted, 0)
    assert counted.of(1)[-1] > not_counted.of(1)[-1]
    times, rows = pair(0, LEARNT_ROWS)
    rows[:, 1] = np.where(np.isfinite(rows[:, 1]), np.float32(2.0), np.nan)
    commission = commissioned(PAIR, [Recording(BOILER, times, rows)])
    assert commission.any_constant
    rows[200:, 1] += 5.0
    played = []
    for one in (commission, replace(commission, still_rows=None)):
        pipeline = Pipeline(directory_of((BOILER,), PAIR), CoreSettings())
        pipeline.install(0, one, MODEL)
        played.append(play(pipeline, Readings().add_rows(0, times[:400], rows[:400]).batches(100)))
    _same(*played, 0)


def _same(one: Played, other: Played, sensor: int) -> None:
    for name in ("score", "p_value", "track_score"):
        assert np.array_equal(one.of(sensor, name), other.of(sensor, name), equal_nan=True)


def test_one_that_is_noisy_from_now_on_is_told_until_that_is_its_new_normal() -> None:
    """It is open while it moves, told as a change of regime once it has lasted, and then not told of any more."""
    settings = CoreSettings(
        episodes=EpisodeRules(settle_seconds=HOUR, settle_rows=200),
    )
    noise = AT_REST + np.random.default_rng(0).normal(0, 0.05, 2000)
    out = read(np.concatenate([still_and(), noise]), settings=settings)
    events = [e for e in out.events if e.sensor == VALVE and e.event != "update"]
    assert [(e.event, e.kind) for e in events] == [("open", events[0].kind), ("close", "regime_change")]
    assert HOUR <= events[1].updated_at - events[0].started_at < 1.1 * HOUR
    assert out.of(1)[-500:].max() < 1.0


SETTLES_SOON = CoreSettings(episodes=EpisodeRules(settle_seconds=500.0, settle_rows=50))


@cache
def noisy_from_now_on(cut: int) -> Played:
    """Return what is made of a valve that is noisy after some rest, read so many rows at a time."""
    noise = AT_REST + np.random.default_rng(0).normal(0, 0.05, 300)
    times, _ = live(0, 350)
    pipeline = Pipeline(directory_of((BOILER, VALVE)), SETTLES_SOON)
    pipeline.install(0, with_a_still_one(), MODEL)
    values = np.concatenate([np.full(50, AT_REST), noise]).astype(np.float32)
    return play(pipeline, Readings().add(1, times, values).batches(cut))


@pytest.mark.parametrize("cut", [10, 37, 350])
def test_when_it_falls_silent_does_not_depend_on_how_rows_are_cut(cut: int) -> None:
    """It does with the row that tells that its change lasts, wherever in a batch that stands."""
    one_by_one, out = noisy_from_now_on(1), noisy_from_now_on(cut)
    assert [kind for event, _, kind in out.story() if event == "close"] == ["regime_change"]
    for name in ("id", "event", "kind", "score", "p_value", "updated_at"):
        assert [getattr(e, name) for e in out.events] == [getattr(e, name) for e in one_by_one.events]
    _same(one_by_one, out, 1)


def since_it_was_called_normal(noise: float) -> tuple[Pipeline, list[EpisodeEvent]]:
    """Return a plant whose valve moved as was expected, noisy from then on, and what was told of it since."""
    times, _ = live(0, 1100)
    pipeline = Pipeline(directory_of((BOILER, VALVE)), CoreSettings())
    pipeline.install(0, with_a_still_one(), MODEL)
    values = still_and((1000, ELSEWHERE))
    values[100:] += np.random.default_rng(1).normal(0, noise, 1000)
    (opened,) = (e for e in of_valve(pipeline, times[:120], values[:120]) if e.event == "open")
    word = Label(opened.id, VALVE, opened.kind, opened.started_at, None, "new_normal", times[120])
    pipeline.order(Orders(labels=(word,)))
    since = of_valve(pipeline, times[120:], values[120:])
    assert pipeline.groups[0].regimes.learnt[1]
    return pipeline, since


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_one_that_is_elsewhere_since_that_was_called_its_new_normal_is_not_told_of(noise: float) -> None:
    """Neither for standing there, nor for the noise of one that was learnt with noise."""
    _, since = since_it_was_called_normal(noise)
    assert "open" not in {event.event for event in since}


def test_one_that_stands_still_elsewhere_is_told_of_when_it_moves_from_there() -> None:
    """Its first move from the place that was learnt last."""
    pipeline, _ = since_it_was_called_normal(0.0)
    times, _ = live(0, 1300)
    after = of_valve(pipeline, times[1100:], np.full(200, ELSEWHERE + 10))
    assert [event.started_at for event in after if event.event == "open"] == [times[1100]]


def of_valve(pipeline: Pipeline, times: NDArray[np.float64], values: Values) -> list[EpisodeEvent]:
    """Return what is told of the valve when it reads this."""
    readings = Readings().add(1, times, values.astype(np.float32))
    return play(pipeline, readings.batches(20), tick_seconds=10).events


def pulses(between: Callable[[Pipeline], Pipeline]) -> list[EpisodeEvent]:
    """Return what is told of a valve that moves for three readings every 600, something being done between."""
    pipeline, told = Pipeline(directory_of((BOILER, VALVE)), CoreSettings()), []
    pipeline.install(0, with_a_still_one(), MODEL)
    times, _ = live(0, 2400)
    values = np.full(2400, AT_REST)
    for start in range(0, 2400, 600):
        values[start + 300 : start + 303] = ELSEWHERE
        told += of_valve(pipeline, times[start : start + 600], values[start : start + 600])
        pipeline = between(pipeline)
    return told


def trained_again(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline under what is learnt later: the moves, which were told, were left out of it."""
    pipeline.install(0, with_a_still_one(), ("fake", "2"))
    for work in pipeline.rehearse(0):
        pipeline.scored(work, None)
    return pipeline


def started_again_with_another_model(pipeline: Pipeline) -> Pipeline:
    """Return another pipeline under what is learnt later, with the state of this one."""
    other, slots = Pipeline(pipeline.directory, CoreSettings()), np.arange(2)
    other.install(0, with_a_still_one(), ("fake", "2"))
    other.put_state(0, slots, pipeline.state_of(0, slots))
    return other


@pytest.mark.parametrize("between", [trained_again, started_again_with_another_model])
def test_a_training_in_between_does_not_make_a_move_a_first_one_again(
    between: Callable[[Pipeline], Pipeline],
) -> None:
    """What moves every hour moves, however often a new model takes over: it is told once."""
    assert [event.event for event in pulses(between) if event.event != "update"] == ["open", "close"]


def test_a_bout_that_goes_on_while_a_new_model_takes_over_is_told_once() -> None:
    """Its episode stays open, and closes by the same words."""
    times, _ = live(0, 600)
    values = still_and((200, ELSEWHERE), (300, AT_REST))
    pipeline = Pipeline(directory_of((BOILER, VALVE)), CoreSettings())
    pipeline.install(0, with_a_still_one(), MODEL)
    events = of_valve(pipeline, times[:120], values[:120])
    events += of_valve(trained_again(pipeline), times[120:], values[120:])
    assert [event.event for event in events if event.event != "update"] == ["open", "close"]


@pytest.mark.parametrize("word", ["expected", "false_alarm", None])
def test_after_a_change_that_is_over_moves_are_told_again(word: What | None) -> None:
    """One that was noisy until that was told as a change of regime: somebody expected it, or it is as it was."""
    soon = LearningRules(regime_learn_after_seconds=200.0) if word is None else LearningRules()
    settings = replace(SETTLES_SOON, budget_per_week=PLENTY, learning=soon)
    pipeline = Pipeline(directory_of((BOILER, VALVE)), settings)
    pipeline.install(0, with_a_still_one(), MODEL)
    times, _ = live(0, 750)
    noise = AT_REST + np.random.default_rng(0).normal(0, 0.05, 300)
    told = of_valve(pipeline, times[:400], np.concatenate([still_and(), noise]))
    (declared,) = (event for event in told if event.kind == "regime_change")
    if word is not None:
        said = Label(declared.id, VALVE, declared.kind, declared.started_at, None, word, times[400])
        pipeline.order(Orders(labels=(said,)))
    after = of_valve(pipeline, times[400:], still_and((200, AT_REST), (50, AT_REST + HARDLY)))
    assert [event.started_at for event in after if event.event == "open"] == [times[700]]
