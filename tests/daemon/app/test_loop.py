"""The loop thread: order, back-pressure, ticks and the way down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from offbeat.app.loop import FEW_READINGS, LONGEST_REST_SECONDS, STEPS_IN_FLIGHT, WINDOWS_REST, Loop
from offbeat.core.decisions import Decisions
from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.work import Work
from offbeat.ingest.inbox import Inbox
from offbeat.scoring.worker import Answer, ScorerThread
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import Played, play
from offbeat.testing.readings import Readings
from tests.support.gated_scorer import PATIENCE_SECONDS, GatedScorer
from tests.support.plant import BOILERS, START, boilers_learnt, live, plant
from tests.support.waiting import wait_until

LATER = START + 10_000
"""When all that is played here has long arrived: what is due by time is due."""
STRANGERS = tuple(f"stranger{i}" for i in range(2048))


class OneExchange:
    """Another version of the boilers' model, that comes when a test lets it.

    Args:
        pipeline: whose model it is.
        scorer: forgets then.
    """

    def __init__(self, pipeline: Pipeline, scorer: GatedScorer) -> None:
        self._pipeline = pipeline
        self._scorer = scorer
        self.waiting = False
        self.pending: list[int] = []

    def take_up(self) -> Iterator[Work]:
        """Install it."""
        self.waiting = False
        self.pending.append(self._pipeline.pending)
        self._pipeline.install(0, boilers_learnt(), ("fake", "2"))
        self._scorer.reset(0, np.arange(len(BOILERS), dtype=np.int32))
        return self._pipeline.rehearse(0, at_once=1)


@dataclass
class Rig:
    """A loop with all that it stands between, and what it was seen to do."""

    pipeline: Pipeline
    scorer: GatedScorer
    windows: int = 0
    now: float = START
    set_forward: float = 0.0
    beats: int = 0
    kept_house: list[float] = field(default_factory=list)
    pending_at_housekeeping: list[int] = field(default_factory=list)
    answers: list[Answer[Work]] = field(default_factory=list)
    played: Played = field(default_factory=Played)
    failing: Exception | None = None
    exchange: OneExchange | None = None

    def __post_init__(self) -> None:
        self.inbox = Inbox(64 * 2**20)
        self.thread: ScorerThread[Work] = ScorerThread(self.scorer, self.inbox.wake, lambda _: None)
        self.loop = Loop(
            self.pipeline,
            self.inbox,
            self.thread,
            act=self._act,
            housekeeping=self._keep_house,
            clock=lambda: self.now + self.set_forward,
            timer=lambda: self.now,
            window_delay_seconds=0.0,
            window_limit=self.windows,
            beat=self._beat,
            on_answer=self.answers.append,
            exchange=self.exchange,
        )

    def put(self, *batches: ReadingBatch) -> None:
        """Hand batches over, each by itself."""
        for batch in batches:
            self.inbox.put([batch])

    def turns(self, count: int = 3) -> None:
        """Wait until the loop has begun some more turns."""
        target = self.beats + count
        wait_until(lambda: self.beats >= target, what="the loop to turn")

    def windows_answered(self) -> int:
        """Return how many jobs of windows the loop has an answer to."""
        return sum(isinstance(answer.job, WindowJob) for answer in self.answers)

    def _act(self, decisions: Decisions) -> None:
        if self.failing is not None:
            raise self.failing
        self.played.take(decisions)

    def _keep_house(self, now: float) -> None:
        self.kept_house.append(now)
        self.pending_at_housekeeping.append(self.pipeline.pending)

    def _beat(self) -> None:
        self.beats += 1


@contextmanager
def running(rig: Rig) -> Iterator[Rig]:
    """Run a rig; leave no thread behind."""
    rig.thread.start()
    rig.loop.start()
    try:
        yield rig
    finally:
        rig.scorer.gate.set()
        rig.loop.drain(20)
        rig.thread.stop(5)


def boilers(rows: int, size: int) -> list[ReadingBatch]:
    """Return what the boilers say after they were learnt, in batches."""
    readings = Readings()
    for i in range(len(BOILERS)):
        readings.add(i, *live(i, rows))
    return readings.batches(size)


def rounds(rows: int, rows_per_batch: int) -> list[ReadingBatch]:
    """Return the same in batches that hold as many rows of each."""
    batches = []
    for start in range(0, rows, rows_per_batch):
        readings = Readings(offset=start * len(BOILERS))
        for i in range(len(BOILERS)):
            times, values = live(i, rows)
            readings.add(i, times[start : start + rows_per_batch], values[start : start + rows_per_batch])
        batches.append(readings.batch())
    return batches


def strangers(rows: int, offset: int) -> ReadingBatch:
    """Return readings of very many sensors that nobody knows."""
    readings = Readings(offset=offset)
    for i in range(len(STRANGERS)):
        readings.add(len(BOILERS) + i, LATER - 100 + np.arange(rows), 1.0)
    return readings.batch()


def one_each(count: int, offset: int) -> ReadingBatch:
    """Return one reading of each of so many sensors that nobody knows."""
    readings = Readings(offset=offset)
    for i in range(count):
        readings.add(len(BOILERS) + i, np.array([LATER - 100.0]), 1.0)
    return readings.batch()


def test_the_loop_decides_what_the_core_decides_in_step() -> None:
    """Threads, coalescing and waiting change nothing about any row, and rows are judged in order."""
    batches = boilers(120, 7)
    expected = play(plant(), batches, FakeScorer())
    rig = Rig(plant(), GatedScorer(is_open=True))
    with running(rig):
        rig.put(*batches)
        assert rig.loop.drain(20)
    for i in range(len(BOILERS)):
        assert rig.played.of(i, "time_seconds").tolist() == live(i, 120)[0].tolist()
        for name in ("score", "p_value", "surprise"):
            assert np.array_equal(rig.played.of(i, name), expected.of(i, name), equal_nan=True), name
    assert all(isinstance(answer.job, StepJob) for answer in rig.answers)
    assert sum(int(answer.job.lengths.sum()) for answer in rig.answers if answer.job) == 4 * 120


def test_while_the_scorer_is_busy_what_waits_becomes_one_job() -> None:
    """A few readings stay in the inbox until the answer has come, and come as one larger batch."""
    first, *others = boilers(4 * 10, 16)
    rig = Rig(plant(), GatedScorer())
    with running(rig):
        rig.put(first)
        wait_until(lambda: rig.thread.steps_waiting == 1)
        rig.put(*others)
        rig.turns()
        assert (rig.thread.steps_waiting, rig.inbox.depth_batches) == (1, len(others))
        rig.scorer.gate.set()
        assert rig.loop.drain(20)
    assert rig.scorer.rows == [16, 16 * len(others)]


def test_behind_a_backlog_the_next_step_is_made_ready_meanwhile() -> None:
    """One in work and one behind it, and no more."""
    settings = CoreSettings(step_rows=64)
    rig = Rig(plant(settings, (*BOILERS, *STRANGERS)), GatedScorer(), now=LATER)
    with running(rig):
        # The inbox hands out about 16 Ki readings at once: these are taken one by one.
        rig.put(*(strangers(8, number * 2**16) for number in range(4)))
        wait_until(lambda: rig.thread.steps_waiting == STEPS_IN_FLIGHT)
        rig.turns()
        assert (rig.thread.steps_waiting, rig.inbox.depth_batches) == (STEPS_IN_FLIGHT, 2)


def test_more_than_a_few_readings_are_not_left_until_the_answer_comes() -> None:
    """So many as are few wait for their turn; the one that makes them too many is taken at once, and they with it."""
    rig = Rig(plant(sensors=(*BOILERS, *STRANGERS)), GatedScorer(), now=LATER)
    with running(rig):
        wait_until(lambda: rig.kept_house)
        rig.put(one_each(1, offset=0))
        wait_until(lambda: rig.thread.steps_waiting == 1)
        rig.put(one_each(FEW_READINGS, offset=2**16))
        rig.turns()
        assert (rig.thread.steps_waiting, rig.inbox.depth_readings) == (1, FEW_READINGS)
        rig.put(one_each(1, offset=2**17))
        wait_until(lambda: rig.inbox.depth_readings == 0)
        rig.turns()
        assert rig.thread.steps_waiting == STEPS_IN_FLIGHT
        assert rig.loop.offset > 2**17


def test_a_tick_waits_for_the_scorer() -> None:
    """A snapshot that is taken at a tick must hold whole rows only; meanwhile nothing more is taken in."""
    first, second, *_ = boilers(40, 16)
    rig = Rig(plant(), GatedScorer())
    with running(rig):
        wait_until(lambda: rig.kept_house == [START])
        rig.put(first)
        wait_until(lambda: rig.thread.steps_waiting == 1)
        rig.now += 1.5
        rig.turns(2)
        rig.put(second)
        rig.turns()
        assert rig.kept_house == [START]
        assert (rig.thread.steps_waiting, rig.inbox.depth_batches) == (1, 1)
        rig.scorer.gate.set()
        wait_until(lambda: rig.kept_house == [START, START + 1.5])
        assert rig.loop.drain(20)
    assert rig.scorer.rows == [16, 16]
    assert set(rig.pending_at_housekeeping) == {0}


def test_ticks_come_a_second_apart_however_often_the_loop_turns() -> None:
    """Housekeeping is not per batch."""
    rig = Rig(plant(), GatedScorer(is_open=True))
    with running(rig):
        for batch in boilers(20, 4):
            rig.now += 0.25
            rig.put(batch)
            rig.turns(1)
    apart = np.diff(rig.kept_house)
    assert len(apart) >= 3
    assert (apart >= 1.0).all()


def test_a_tick_finds_the_sensor_that_fell_silent() -> None:
    """The clock alone moves it: no message comes."""
    rig = Rig(plant(), GatedScorer(is_open=True))
    times = live(0, 200)[0]
    rig.now = float(times[-1])
    with running(rig):
        rig.put(*boilers(200, 200))
        wait_until(lambda: sum(map(len, rig.played.scores)) == 800)
        rig.now += 3600
        wait_until(lambda: ("open", BOILERS[0], "silent") in rig.played.story())


@pytest.mark.parametrize("behind", [True, False], ids=["backlog", "no backlog"])
def test_windows_wait_while_a_backlog_piles_up(behind: bool) -> None:
    """They are a second look: readings go first."""
    settings = CoreSettings(window_stride_readings=1)
    pipeline = plant(settings, (*BOILERS, *STRANGERS))
    rig = Rig(pipeline, GatedScorer(), windows=64, now=LATER)
    own = rounds(16, 16)[0]
    # The inbox hands out about 16 Ki readings at once: the two great batches are not taken together.
    rig.put(own, strangers(8, own.offset))
    if behind:
        rig.put(strangers(3, own.offset + 2**15))
    with running(rig):
        wait_until(lambda: rig.thread.steps_waiting == STEPS_IN_FLIGHT)
        rig.turns()
        assert (rig.thread.windows_waiting == 0) == behind
        rig.scorer.gate.set()
        wait_until(lambda: rig.scorer.windows >= len(BOILERS))
    windows = [answer.job for answer in rig.answers if isinstance(answer.job, WindowJob)]
    assert max(len(job.sensor) for job in windows) <= 64


@pytest.mark.parametrize(
    ("slow_seconds", "rest_seconds"),
    [(0.05, 0.05 * WINDOWS_REST), (0.2, LONGEST_REST_SECONDS)],
    ids=["eight times as long", "and no longer than a second"],
)
def test_after_windows_that_took_long_none_are_asked_for_in_a_while(
    slow_seconds: float, rest_seconds: float
) -> None:
    """Steps, which go first, have the machine to themselves meanwhile."""

    class Slow(GatedScorer):
        windows_gate = threading.Event()

        def window(self, job: WindowJob) -> WindowResult:
            threading.Event().wait(slow_seconds)
            assert self.windows_gate.wait(PATIENCE_SECONDS)
            return super().window(job)

    scorer = Slow(is_open=True)
    rig = Rig(plant(CoreSettings(window_stride_readings=1)), scorer, windows=64, now=LATER)
    first, second, third = rounds(48, 16)
    with running(rig):
        rig.put(first)
        wait_until(lambda: rig.thread.windows_waiting == 1)
        rig.put(second)
        wait_until(lambda: rig.thread.steps_waiting == 1)
        scorer.windows_gate.set()
        wait_until(lambda: rig.windows_answered() == 2)
        rig.put(third)
        wait_until(lambda: sum(map(len, rig.played.scores)) == 4 * 48)
        rig.now += 0.99 * rest_seconds
        rig.turns()
        assert rig.windows_answered() == 2
        rig.now = LATER + LONGEST_REST_SECONDS
        wait_until(lambda: rig.windows_answered() == 3)


def test_draining_works_everything_off_and_ends() -> None:
    """It says so if that takes too long, and may be asked again."""
    batches = boilers(60, 16)
    rig = Rig(plant(), GatedScorer())
    with running(rig):
        rig.put(*batches)
        wait_until(lambda: rig.thread.steps_waiting > 0)
        assert not rig.loop.drain(0.05)
        assert rig.loop.alive
        rig.scorer.gate.set()
        assert rig.loop.drain(20)
        assert not rig.loop.alive
    assert rig.inbox.depth_batches == 0
    assert rig.pipeline.pending == 0
    assert sum(map(len, rig.played.scores)) == 4 * 60
    assert rig.loop.failure is None


def test_draining_asks_for_no_more_windows() -> None:
    """The way down is for what was read."""
    settings = CoreSettings(window_stride_readings=20, window_max_age_seconds=1e6)
    rig = Rig(plant(settings), GatedScorer(), windows=64, now=LATER)
    with running(rig):
        first, *others = rounds(24, 8)
        rig.put(first)
        wait_until(lambda: rig.thread.steps_waiting == 1)
        rig.put(*others)
        assert rig.inbox.depth_batches == len(others)
        assert not rig.loop.drain(0.05)
        rig.scorer.gate.set()
        assert rig.loop.drain(20)
    assert rig.scorer.rows == [32, 64]
    assert len(rig.pipeline.due_windows(rig.now + 1, 64)[0].sensor) == len(BOILERS)
    assert rig.scorer.windows == 0


def test_a_failure_ends_the_loop_and_is_told() -> None:
    """Nothing may hide in a thread."""
    rig = Rig(plant(), GatedScorer(is_open=True))
    with running(rig):
        rig.turns()
        rig.failing = OSError("no room")
        rig.put(*boilers(20, 80))
        wait_until(lambda: not rig.loop.alive)
        assert rig.loop.failure is rig.failing


def test_a_failing_scorer_costs_the_models_opinion_and_no_row() -> None:
    """A job without an answer is judged by the other streams."""

    class Failing(GatedScorer):
        def step(self, job: StepJob) -> StepResult:
            raise RuntimeError("device lost")

    rig = Rig(plant(), Failing(is_open=True))
    with running(rig):
        rig.put(*boilers(30, 120))
        assert rig.loop.drain(20)
    assert sum(map(len, rig.played.scores)) == 4 * 30
    names = rig.played.scores[0].names
    said = np.concatenate([part.surprise for part in rig.played.scores])
    assert np.isnan(said[:, names.index("value")]).all()
    assert np.isfinite(said[:, names.index("level")]).any()


def test_the_offset_follows_what_was_taken_in_and_never_steps_back() -> None:
    """It is what a snapshot carries: where to read on from."""
    batches = boilers(40, 16)
    rig = Rig(plant(), GatedScorer(is_open=True))
    with running(rig):
        rig.put(*batches)
        wait_until(lambda: rig.loop.offset == batches[-1].offset)
        rig.put(batches[0])
        assert rig.loop.drain(20)
    assert rig.loop.offset == batches[-1].offset


def test_another_model_is_taken_up_when_nothing_is_under_way_and_before_anything_is_taken_in() -> None:
    """Readings that come meanwhile wait in the inbox, and are judged by it as if it had been there all the time."""
    batches = boilers(60, 16)
    whole = play(plant(), batches, FakeScorer(), windows=0)
    pipeline, scorer = plant(), GatedScorer()
    exchange = OneExchange(pipeline, scorer)
    rig = Rig(pipeline, scorer, exchange=exchange)
    with running(rig):
        rig.put(batches[0])
        wait_until(lambda: rig.thread.steps_waiting == 1)
        exchange.waiting = True
        rig.turns()
        rig.put(*batches[1:])
        rig.turns()
        assert (exchange.waiting, rig.inbox.depth_batches) == (True, len(batches) - 1)
        rig.scorer.gate.set()
        wait_until(lambda: sum(map(len, rig.played.scores)) == 4 * 60)
    assert exchange.pending == [0]
    assert rig.scorer.rows == [16, 16, 4 * 60 - 16]
    for sensor in range(len(BOILERS)):
        assert np.array_equal(rig.played.of(sensor), whole.of(sensor), equal_nan=True)


def test_the_way_down_waits_for_no_model() -> None:
    """What is ready then is taken up after the next start."""
    pipeline, scorer = plant(), GatedScorer(is_open=True)
    exchange = OneExchange(pipeline, scorer)
    rig = Rig(pipeline, scorer, exchange=exchange)
    with running(rig):
        rig.turns()
        assert rig.loop.drain(20)
        exchange.waiting = True
    assert exchange.pending == []


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0], ids=["back", "forward"])
def test_a_clock_that_is_set_stops_no_ticks_and_makes_nobody_silent(seconds: float) -> None:
    """Ticks come by the timer; what the new clock says of the time before it was set means nothing."""
    rig = Rig(plant(), GatedScorer(is_open=True))
    rig.pipeline.listen(START)
    rig.now = float(live(0, 200)[0][-1])
    with running(rig):
        rig.put(*boilers(200, 200))
        wait_until(lambda: sum(map(len, rig.played.scores)) == 800)
        rig.set_forward = seconds
        for _ in range(3):
            seen = len(rig.kept_house)
            rig.now += 1.0
            wait_until(lambda seen=seen: len(rig.kept_house) > seen, what="a tick")
    assert rig.pipeline.listening_since >= rig.now + seconds - 3.0
    assert not [kind for _, _, kind in rig.played.story() if kind == "silent"]


def between(start: float, end: float) -> ReadingBatch:
    """Return what the boilers say from one time to another."""
    readings = Readings(offset=int(start - START))
    for i in range(len(BOILERS)):
        times, values = live(i, 1000)
        inside = (times >= start) & (times < end)
        readings.add(i, times[inside], values[inside])
    return readings.batch()


def test_nobody_falls_silent_while_the_loop_does_not_listen() -> None:
    """A model reads the windows for half an hour: when it is done the readings of that time are in the inbox."""
    begin = max(live(i, 1)[0][0] for i in range(len(BOILERS)))
    stall, end = begin + 1000, begin + 2800
    pipeline, scorer = plant(), GatedScorer(is_open=True)
    exchange = OneExchange(pipeline, scorer)
    rig = Rig(pipeline, scorer, exchange=exchange, now=stall)
    before, meanwhile = between(begin, stall), between(stall, end)
    with running(rig):
        rig.put(before)
        wait_until(lambda: sum(map(len, rig.played.scores)) == len(before))
        scorer.gate.clear()
        exchange.waiting = True
        rig.inbox.wake()
        wait_until(lambda: rig.thread.steps_waiting == STEPS_IN_FLIGHT)
        rig.put(meanwhile)
        rig.now = end
        scorer.gate.set()
        wait_until(lambda: sum(map(len, rig.played.scores)) == len(before) + len(meanwhile))
        rig.now += 2
        wait_until(lambda: rig.kept_house[-1] == rig.now)
        assert rig.played.story() == []
        rig.now += 3600
        wait_until(lambda: ("open", BOILERS[0], "silent") in rig.played.story())


def test_a_model_that_was_taken_up_knows_the_windows_before_the_way_down_goes_on() -> None:
    """Else the rest would be judged, and a snapshot be saved, by what knows half of them."""
    batches = boilers(60, 16)
    whole = play(plant(), batches, FakeScorer(), windows=0)
    pipeline, scorer = plant(), GatedScorer(is_open=True)
    exchange = OneExchange(pipeline, scorer)
    rig = Rig(pipeline, scorer, exchange=exchange)
    with running(rig):
        rig.put(*batches[:8])
        wait_until(lambda: sum(map(len, rig.played.scores)) == 16 * 8)
        scorer.gate.clear()
        exchange.waiting = True
        rig.inbox.wake()
        wait_until(lambda: rig.thread.steps_waiting == STEPS_IN_FLIGHT)
        rig.put(*batches[8:])
        assert not rig.loop.drain(0.05)
        scorer.gate.set()
        assert rig.loop.drain(20)
    for sensor in range(len(BOILERS)):
        assert np.array_equal(rig.played.of(sensor), whole.of(sensor), equal_nan=True)
