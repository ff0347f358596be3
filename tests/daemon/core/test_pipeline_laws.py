"""Laws of the pipeline: deterministic, sensors independent of each other, and the same after a restart."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.rulebook import Rule
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import Played, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant

EVERYONE = np.arange(len(BOILERS))
RULES = (
    Rule(high=75.0, hysteresis=2.0),
    Rule(rise_per_second=2.0, fall_per_second=2.0, for_seconds=4.0, score=2.0),
)
SETTINGS = CoreSettings(provisional_readings=16, window_readings=32, ready_readings=40, rules=RULES)
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A whole play is slow to shrink, and its seed says enough."""

SENSORS = (*BOILERS[:2], "stranger0", "stranger1")
"""Two that were learnt, and two that nobody knows."""


def story(seed: int, rows: int = 120) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return series of all sensors with a few faults in them."""
    random = np.random.default_rng(seed)
    out = []
    for i in range(len(SENSORS)):
        times, values = live(i, rows)
        for _ in range(3):
            at = int(random.integers(20, rows - 10))
            values[at : at + int(random.integers(1, 12))] += np.float32(random.normal(0, 20))
        keep = random.random(rows) > 0.1
        out.append((times[keep], values[keep]))
    return out


def batches_of(series: list[tuple[np.ndarray, np.ndarray]], size: int) -> list[ReadingBatch]:
    """Return all series as batches."""
    readings = Readings()
    for i, (times, values) in enumerate(series):
        readings.add(i, times, values)
    return readings.batches(size)


def only(batch: ReadingBatch, sensor: int) -> ReadingBatch:
    """Return what a batch holds of one sensor."""
    mine = batch.sensor == sensor
    columns = ("sensor", "channel", "time_seconds", "value", "arrival_seconds")
    return ReadingBatch(group=0, offset=batch.offset, **{n: getattr(batch, n)[mine] for n in columns})


def fresh() -> Pipeline:
    """Return a plant that has seen nothing."""
    return plant(SETTINGS, SENSORS)


def assert_same(a: Played, b: Played, sensor: int) -> None:
    """Check that two plays agree about a sensor, bit for bit."""
    for name in ("time_seconds", "score", "p_value", "surprise", "track_score"):
        assert np.array_equal(a.of(sensor, name), b.of(sensor, name), equal_nan=True), name


@given(seed=st.integers(0, 1000), size=st.integers(1, 150))
@settings(max_examples=8, deadline=None, phases=WITHOUT_SHRINKING)
def test_the_same_batches_give_the_same_output_bit_for_bit(seed: int, size: int) -> None:
    """Backtests and replays are the production path."""
    batches = batches_of(story(seed), size)
    a = play(fresh(), batches, FakeScorer(), tick_seconds=5)
    b = play(fresh(), batches, FakeScorer(), tick_seconds=5)
    assert a.events == b.events
    for sensor in EVERYONE:
        assert_same(a, b, sensor)


@given(seed=st.integers(0, 1000), size=st.integers(1, 150), sensor=st.integers(0, len(SENSORS) - 1))
@settings(max_examples=12, deadline=None, phases=WITHOUT_SHRINKING)
def test_a_sensor_is_judged_alike_alone_and_among_others(seed: int, size: int, sensor: int) -> None:
    """What is decided about a sensor does not depend on which others share its batches."""
    batches = batches_of(story(seed), size)
    together = play(fresh(), batches, FakeScorer())
    alone = play(fresh(), [b for b in (only(b, sensor) for b in batches) if len(b)], FakeScorer())
    assert_same(together, alone, sensor)
    mine = [e for e in together.events if e.sensor == SENSORS[sensor]]
    assert mine == alone.events


# The cut lies where a sensor has got its normaliser and not yet a row that is scaled by it.
@example(seed=147, cut=4, again=1)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 11), again=st.integers(0, 3))
@settings(max_examples=10, deadline=None, phases=WITHOUT_SHRINKING)
def test_a_restart_changes_nothing(seed: int, cut: int, again: int) -> None:
    """From a snapshot and the log behind it everything goes on as if there had been no restart.

    The log may be read again from before the snapshot: what the state holds already is left out.
    """
    batches = batches_of(story(seed), 40)
    cut = min(cut, len(batches) - 1)
    whole_pipeline = fresh()
    before = play(whole_pipeline, batches[:cut], FakeScorer())
    carried = FakeScorer()
    play(fresh(), batches[:cut], carried)
    whole = play(whole_pipeline, batches[cut:], carried)

    other, scorer = fresh(), FakeScorer()
    snapshot = whole_snapshot(batches[:cut])
    other.put_state(0, EVERYONE, snapshot, offset=batches[cut - 1].offset)
    for job in other.rebuild_jobs():
        scorer.rebuild(job)
    restarted = play(other, batches[max(cut - again, 0) :], scorer)
    assert restarted.events == whole.events
    for sensor in EVERYONE:
        assert_same(restarted, whole, sensor)
    assert consistent([*before.events, *restarted.events])


def whole_snapshot(batches: list[ReadingBatch]) -> dict[str, np.ndarray]:
    """Return the state of a plant after some batches, put together from two shards in another order."""
    pipeline = fresh()
    play(pipeline, batches, FakeScorer())
    shards = [pipeline.state_of(0, np.array(slots)) for slots in ([3, 1], [0, 2])]
    joined = {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
    return {name: array[[2, 1, 3, 0]] for name, array in joined.items()}


def consistent(events: list[EpisodeEvent]) -> bool:
    """Return whether every episode opens once, and nothing is said of it before or after."""
    is_open: set[str] = set()
    seen: set[str] = set()
    for event in events:
        if event.event == "open":
            if event.id in seen:
                return False
            seen.add(event.id)
            is_open.add(event.id)
        elif event.id not in is_open:
            return False
        if event.event == "close":
            is_open.remove(event.id)
    return True


def test_an_open_episode_is_closed_after_a_restart() -> None:
    """It opened before, the condition cleared while nobody looked, and the close carries the same id."""
    times, values = live(0, 140)
    values[60:70] += 30
    first = fresh()
    before = play(first, Readings().add(0, times[:65], values[:65]).batches(), FakeScorer())
    opened = {e.id for e in before.events if e.event == "open"}
    second = fresh()
    second.put_state(0, EVERYONE, first.state_of(0, EVERYONE))
    after = play(second, Readings(offset=65).add(0, times[75:], values[75:]).batches(), FakeScorer())
    assert len(opened) == 2, "one by the law of the sensor, one by a rule"
    assert {(e.event, e.id) for e in after.events if e.event != "update"} == {
        ("close", one) for one in opened
    }


def test_a_state_of_another_commission_keeps_windows_and_episodes_only() -> None:
    """Scores of two models are not comparable: streams and calibrations begin anew, readings are kept."""
    first = fresh()
    play(first, batches_of(story(1), 50), FakeScorer())
    other = fresh()
    other.install(0, other.groups[0].learnt.commission, ("fake", "2"))  # type: ignore[union-attr]
    other.put_state(0, EVERYONE, first.state_of(0, EVERYONE))
    mine, theirs = other.state_of(0, EVERYONE), first.state_of(0, EVERYONE)
    assert np.array_equal(mine["windows.values"], theirs["windows.values"])
    assert np.array_equal(mine["episodes.phase"], theirs["episodes.phase"])
    assert not mine["learnt.trailing.weight"].any()
    assert theirs["learnt.trailing.weight"].any()
