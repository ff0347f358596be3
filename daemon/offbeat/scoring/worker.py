"""The scorer thread: the only user of torch."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.scoring.scorer import Scorer

Tag = TypeVar("Tag")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Tag]):
    """What the scorer thread gives back, in the order the jobs of one kind were given to it.

    Attributes:
        tag: what the caller handed in with a step job; None for a window job.
        job: the job.
        result: None where the group has no model, or the scorer failed at this job.
        seconds: how long the scorer took.
    """

    tag: Tag | None
    job: StepJob | WindowJob | None
    result: StepResult | WindowResult | None
    seconds: float


class ScorerThread(Generic[Tag]):
    """Runs a scorer in its own thread: steps first, windows when no step waits.

    The caller limits itself by `steps_waiting` and `windows_waiting`; nothing is dropped here.

    Args:
        scorer: used by this thread alone from `start` to `stop`.
        on_answer: called in the scorer thread after each answer was queued; wakes the caller up.
        on_error: called in the scorer thread with an error of the scorer; the answer's result is then None.
    """

    def __init__(
        self,
        scorer: Scorer,
        on_answer: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._scorer = scorer
        self._on_answer = on_answer
        self._on_error = on_error
        self._steps: deque[tuple[Tag, StepJob | None]] = deque()
        self._windows: deque[WindowJob] = deque()
        self._answers: deque[Answer[Tag]] = deque()
        self._busy_with_step = self._busy_with_window = False
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="scorer", daemon=True)
        self.jobs_done = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> bool:
        """Finish the waiting steps, then end; return whether no thread is left in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def steps_waiting(self) -> int:
        """Step jobs not answered yet, the one in work included."""
        with self._changed:
            return len(self._steps) + self._busy_with_step

    @property
    def windows_waiting(self) -> int:
        """Window jobs not answered yet, the one in work included."""
        with self._changed:
            return len(self._windows) + self._busy_with_window

    @property
    def settled(self) -> bool:
        """Whether every step was answered and every answer was taken."""
        with self._changed:
            return not (self._steps or self._answers or self._busy_with_step)

    def submit_step(self, tag: Tag, job: StepJob | None) -> None:
        """Queue a step job. None is answered in its turn with None, so that answers keep the order of the tags."""
        with self._changed:
            self._steps.append((tag, job))
            self._changed.notify()

    def submit_window(self, job: WindowJob) -> None:
        """Queue a window job."""
        with self._changed:
            self._windows.append(job)
            self._changed.notify()

    def answers(self) -> list[Answer[Tag]]:
        """Take all answers that have come."""
        with self._changed:
            taken = list(self._answers)
            self._answers.clear()
        return taken

    def _run(self) -> None:
        while (task := self._next()) is not None:
            tag, job = task
            started = time.monotonic()
            result = self._ask(job)
            answer = Answer(tag, job, result, time.monotonic() - started)
            with self._changed:
                self._busy_with_step = self._busy_with_window = False
                self._answers.append(answer)
                self.jobs_done += 1
            self._on_answer()

    def _next(self) -> tuple[Tag | None, StepJob | WindowJob | None] | None:
        with self._changed:
            while not (self._steps or self._windows or self._stopping):
                self._changed.wait()
            if self._steps:
                tag, job = self._steps.popleft()
                self._busy_with_step = True
                return tag, job
            if self._windows and not self._stopping:
                self._busy_with_window = True
                return None, self._windows.popleft()
            return None

    def _ask(self, job: StepJob | WindowJob | None) -> StepResult | WindowResult | None:
        try:
            if isinstance(job, StepJob):
                return self._scorer.step(job)
            return self._scorer.window(job) if job is not None else None
        except Exception as error:  # noqa: BLE001 - a scorer that fails must not end ingest; it is said and counted
            self._on_error(error)
            return None
