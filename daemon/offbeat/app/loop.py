"""The loop thread: the only writer of run-time state."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from offbeat.app.questions import Questions
from offbeat.core.decisions import Decisions
from offbeat.core.jobs import StepResult, WindowJob, WindowResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.work import Work
from offbeat.ingest.clock_steps import ClockSteps
from offbeat.ingest.inbox import Inbox
from offbeat.scoring.worker import Answer, ScorerThread

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

STEPS_IN_FLIGHT = 2
"""Behind a backlog: one job in work and one behind it. More would only make each answer older."""
FEW_READINGS = 1024
"""With so few waiting the loop and the scorer take turns.

Few readings make many small calls, and each lets go of Python's lock for a moment: side by side the two threads spend
more time handing it over than at work. Calls on thousands of readings are long enough to be made side by side.
"""
WINDOWS_REST = 8.0
"""So many times as long as windows took to score, no more are asked for, unless jobs are full: for the same reason."""
LONGEST_REST_SECONDS = 1.0
"""However long windows took: one that was slow, a first one on a GPU say, must not keep the next away."""
BACKLOG_READINGS = 4096
"""So many readings wait that windows must: they are a second look, and may be taken later or never."""
IDLE_SECONDS = 0.25
TICK_SECONDS = 1.0


class Exchange(Protocol):
    """Brings other versions of models."""

    @property
    def waiting(self) -> bool:
        """Whether one is ready to be taken up."""
        ...

    def take_up(self) -> Iterator[Work]:
        """Put it into service; return the work through which it gets to know the windows."""
        ...


class Loop:
    """Takes batches in, hands jobs to the scorer thread, judges its answers, and acts on the decisions.

    While the scorer is busy the loop leaves readings in the inbox: they come as one larger batch next time, which costs
    less a reading. Once more than a few wait it prepares the next job meanwhile. That is the only back-pressure there
    is; the inbox sheds when it is full.

    Args:
        pipeline: the core.
        inbox: where the reader thread puts batches; `wake` ends its `get`.
        scorer: the scorer thread; its `on_answer` wakes the inbox.
        act: takes each turn's decisions; called in this thread; may block for a moment, not for long.
        housekeeping: called about once a second in this thread when no reading is under way: snapshots, status.
        clock: unix seconds: the log time of ticks. It may be set while the daemon runs.
        timer: monotonic seconds: by these ticks come.
        window_delay_seconds: windows gather for so long at least before a job is made of them, unless jobs are full.
        window_limit: windows in one job.
        questions: of other threads about the state, answered between two batches.
        beat: called once a turn: the pulse for the watchdog.
        on_answer: told of each answer of the scorer, for metrics.
        exchange: brings other versions of models; None = there will be none.

    Attributes:
        offset: position in the log behind all that was taken in.
        failure: what ended the thread; None as long as nothing did.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        inbox: Inbox,
        scorer: ScorerThread[Work],
        act: Callable[[Decisions], None],
        housekeeping: Callable[[float], None],
        clock: Callable[[], float],
        timer: Callable[[], float],
        window_delay_seconds: float,
        window_limit: int,
        questions: Questions | None = None,
        beat: Callable[[], None] = lambda: None,
        on_answer: Callable[[Answer[Work]], None] = lambda _: None,
        exchange: Exchange | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._inbox = inbox
        self._scorer = scorer
        self._act = act
        self._housekeeping = housekeeping
        self._clock = clock
        self._timer = timer
        self._window_delay = window_delay_seconds
        self._window_limit = window_limit
        self._next_tick = self._next_windows = -math.inf
        self._windows_seconds = 0.0
        self._ticked_to = -math.inf
        self._clock_steps = ClockSteps(clock(), timer())
        self._draining = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._questions = questions or Questions(inbox.wake)
        self._beat = beat
        self._on_answer = on_answer
        self._exchange = exchange
        self._rehearsal: Iterator[Work] | None = None
        self.offset = 0
        self.failure: Exception | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def drain(self, timeout_seconds: float) -> bool:
        """Work off what is in the inbox and in flight, then end; return whether that was done in time."""
        self._draining.set()
        self._inbox.wake()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not (self._draining.is_set() and self._is_idle()):
                self._turn()
        except Exception as error:  # noqa: BLE001 - ends the service, which reports it: nothing may hide in a thread
            self.failure = error

    def _is_idle(self) -> bool:
        return self._rehearsal is None and self._inbox.depth_batches == 0 and self._scorer.settled

    def _turn(self) -> None:
        self._beat()
        self._questions.answer_all()
        for answer in self._scorer.answers():
            self._on_answer(answer)
            self._judge(answer)
        if self._exchanges_models():
            return
        timer = self._timer()
        tick_is_due, steps = timer >= self._next_tick, self._scorer.steps_waiting
        # A tick waits for the scorer: what it decides, and what a snapshot holds, must include every row taken in.
        if tick_is_due and self._scorer.settled:
            self._next_tick = timer + TICK_SECONDS
            self._tick(timer)
        elif tick_is_due or steps >= STEPS_IN_FLIGHT:
            self._inbox.wait_for_wake(IDLE_SECONDS)
        elif steps and self._inbox.depth_readings <= FEW_READINGS:
            self._inbox.wait_for_wake(IDLE_SECONDS, FEW_READINGS)
        else:
            self._take_in()
        self._ask_for_windows(timer)

    def _exchanges_models(self) -> bool:
        """Bring a model that is ready a step nearer to judging; return whether the turn was for that.

        Nothing is taken in meanwhile: readings wait in the inbox for as long as the model reads the windows. What was
        begun is ended on the way down, too: by half of it nothing may be judged, and no snapshot be taken.
        """
        if self._exchange is None:
            return False
        if self._rehearsal is None:
            if self._draining.is_set() or not self._exchange.waiting:
                return False
            if self._scorer.settled and not self._scorer.windows_waiting:
                self._rehearsal = self._exchange.take_up()
                return True
        elif self._scorer.steps_waiting < STEPS_IN_FLIGHT:
            if (work := next(self._rehearsal, None)) is not None:
                self._scorer.submit_step(work, work.job)
                return True
            self._rehearsal = None
            return False
        self._inbox.wait_for_wake(IDLE_SECONDS)
        return True

    def _tick(self, timer: float) -> None:
        now = self._clock()
        if by := self._clock_steps.look(now, timer):
            _log.warning("the clock of this machine was set", by_seconds=round(by, 1))
            # By the new clock all may look silent, or none: what it says of the time before means nothing.
            if math.isfinite(self._pipeline.listening_since):
                self._pipeline.listen(now)
        # Of what waits in the inbox the pipeline has not heard: until that is read, its sensors are not silent.
        self._ticked_to = min(now, max(self._inbox.oldest_arrival, self._ticked_to))
        self._act(self._pipeline.tick(self._ticked_to))
        self._housekeeping(now)

    def _take_in(self) -> None:
        batches = self._inbox.get(self._patience())
        self.offset = max(self.offset, self._inbox.taken_offset)
        for batch in batches:
            for work in self._pipeline.ingest(batch):
                self._scorer.submit_step(work, work.job)

    def _patience(self) -> float:
        return 0.0 if self._draining.is_set() else IDLE_SECONDS

    def _judge(self, answer: Answer[Work]) -> None:
        if answer.tag is not None:
            assert answer.result is None or isinstance(answer.result, StepResult)
            self._act(self._pipeline.scored(answer.tag, answer.result))
        elif isinstance(answer.job, WindowJob):
            assert answer.result is None or isinstance(answer.result, WindowResult)
            self._windows_seconds += answer.seconds
            self._act(self._pipeline.windows_scored(answer.job, answer.result))

    def _ask_for_windows(self, timer: float) -> None:
        behind = self._draining.is_set() or self._inbox.depth_readings > BACKLOG_READINGS
        if behind or timer < self._next_windows or self._scorer.windows_waiting:
            return
        windows, rest = 0, min(WINDOWS_REST * self._windows_seconds, LONGEST_REST_SECONDS)
        self._windows_seconds = 0.0
        for job in self._pipeline.due_windows(self._clock(), self._window_limit):
            windows += len(job.sensor)
            self._scorer.submit_window(job)
        wait = 0.0 if windows >= self._window_limit else max(self._window_delay, rest)
        self._next_windows = timer + wait
