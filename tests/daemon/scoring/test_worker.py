"""The scorer thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from offbeat.core.jobs import StepJob, StepResult, WindowJob
from offbeat.scoring.scorer import NoScorer
from offbeat.scoring.worker import Answer, ScorerThread
from tests.support.waiting import wait_until


def step_job(sensor: int = 0) -> StepJob:
    """Return a job of one row of one sensor."""
    one = np.zeros((1, 1, 1), np.float32)
    slots = np.full(1, sensor, np.int32)
    return StepJob(0, slots, np.zeros(1, np.int64), one, one, one[..., 0], np.ones(1, np.int64))


def window_job() -> WindowJob:
    """Return a job of one window of one row."""
    one, zero = np.zeros((1, 1, 1), np.float32), np.zeros(1, np.int64)
    return WindowJob(0, np.zeros(1, np.int32), zero, one, one, one[..., 0], zero + 1, 1, np.zeros(1))


class Gated(NoScorer):
    """A scorer that notes what it is asked and waits for leave to answer the first job."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: list[str] = []

    def step(self, job: StepJob) -> StepResult | None:
        """Wait for leave."""
        self.asked.append(f"step {job.sensor[0]}")
        assert self.gate.wait(10)
        return None

    def window(self, job: WindowJob) -> None:
        """Answer at once."""
        self.asked.append("window")


class Failing(NoScorer):
    """A scorer that fails at each step."""

    def step(self, job: StepJob) -> StepResult | None:
        """Fail."""
        raise ValueError("no good")


def test_answers_come_in_the_order_of_the_steps_and_windows_wait_for_steps() -> None:
    """Steps go first, so that a burst of windows cannot hold up a reading's score."""
    scorer = Gated()
    thread: ScorerThread[str] = ScorerThread(scorer, lambda: None, lambda _: None)
    thread.start()
    thread.submit_step("a", step_job(0))
    wait_until(lambda: scorer.asked == ["step 0"])
    thread.submit_window(window_job())
    thread.submit_step("b", step_job(1))
    thread.submit_step("c", None)
    assert thread.steps_waiting == 3
    assert thread.windows_waiting == 1
    scorer.gate.set()
    answers: list[Answer[str]] = []
    wait_until(lambda: answers.extend(thread.answers()) or len(answers) == 4)
    assert [answer.tag for answer in answers] == ["a", "b", "c", None]
    assert scorer.asked == ["step 0", "step 1", "window"]
    assert thread.stop(10)


def test_a_failing_scorer_is_reported_and_the_thread_goes_on() -> None:
    """The rows of a failed job are judged without the model."""
    errors: list[Exception] = []
    thread: ScorerThread[int] = ScorerThread(Failing(), lambda: None, errors.append)
    thread.start()
    for tag in range(2):
        thread.submit_step(tag, step_job())
    wait_until(lambda: thread.jobs_done == 2)
    answers = thread.answers()
    assert [(answer.tag, answer.result) for answer in answers] == [(0, None), (1, None)]
    assert len(errors) == 2
    assert thread.alive
    assert thread.stop(10)


@pytest.mark.parametrize("waiting", [0, 3])
def test_stopping_finishes_the_steps_that_wait(waiting: int) -> None:
    """A reading that was taken in is judged before the end."""
    thread: ScorerThread[int] = ScorerThread(NoScorer(), lambda: None, lambda _: None)
    for tag in range(waiting):
        thread.submit_step(tag, step_job())
    thread.start()
    assert thread.stop(10)
    assert [answer.tag for answer in thread.answers()] == list(range(waiting))
