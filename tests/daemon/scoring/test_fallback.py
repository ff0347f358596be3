"""The fall-back from a failing device to the next scorer."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.scoring.fallback import FallbackScorer
from offbeat.scoring.scorer import NoScorer


class LostDevice(NoScorer):
    """A scorer whose device is gone after some jobs, as a CUDA error leaves it."""

    device = "cuda:0"

    def __init__(self, good_jobs: int) -> None:
        self.good_jobs = good_jobs

    def step(self, job: StepJob) -> StepResult | None:
        """Answer while the device lasts."""
        return self._answer()

    def window(self, job: WindowJob) -> WindowResult | None:
        """Answer while the device lasts."""
        return self._answer()

    def _answer(self) -> None:
        self.good_jobs -= 1
        if self.good_jobs < 0:
            raise RuntimeError("CUDA error: device-side assert triggered")


def a_job() -> StepJob:
    """Return a job of one row of one sensor."""
    one = np.zeros((1, 1, 1), np.float32)
    return StepJob(
        0, np.zeros(1, np.int32), np.zeros(1, np.int64), one, one, one[..., 0], np.ones(1, np.int64)
    )


def test_it_stays_on_the_first_scorer_while_that_works() -> None:
    """Nothing changes on a healthy device."""
    failures: list[Exception] = []
    scorer = FallbackScorer(LostDevice(good_jobs=3), NoScorer, failures.append)
    for _ in range(3):
        scorer.step(a_job())
    assert scorer.device == "cuda:0"
    assert not scorer.degraded
    assert failures == []


def test_a_lost_device_is_replaced_once_and_said_once() -> None:
    """The job that failed is answered by the second scorer, and the error is handed on once."""
    failures: list[Exception] = []
    scorer = FallbackScorer(LostDevice(good_jobs=1), NoScorer, failures.append)
    for _ in range(4):
        scorer.step(a_job())
    scorer.reset(0, np.zeros(1, np.int32))
    assert scorer.device == "none"
    assert scorer.degraded
    assert [str(error) for error in failures] == ["CUDA error: device-side assert triggered"]


def test_a_failing_second_scorer_is_not_hidden() -> None:
    """There is no third scorer: the error of the second one reaches the caller."""
    scorer = FallbackScorer(LostDevice(0), lambda: LostDevice(0), lambda _: None)
    with pytest.raises(RuntimeError, match="device-side assert"):
        scorer.step(a_job())


class Exchanging(LostDevice):
    """A scorer that notes what is exchanged in it."""

    def __init__(self, place: str, good_jobs: int) -> None:
        super().__init__(good_jobs)
        self.place = place
        self.exchanged: list[int] = []

    def exchange(self, group: int, served: object, long: object) -> None:
        """Note it."""
        self.exchanged.append(group)


def test_models_are_exchanged_where_scoring_goes_on() -> None:
    """On the second device after the first one failed."""
    first, second = Exchanging("cuda:0", 0), Exchanging("cpu", 9)
    scorer = FallbackScorer(first, lambda: second, lambda _: None)
    places = [scorer.place]
    scorer.exchange(1, None, None)  # type: ignore[arg-type] # what it is does not matter here
    scorer.step(a_job())
    places.append(scorer.place)
    scorer.exchange(2, None, None)  # type: ignore[arg-type]
    assert places == ["cuda:0", "cpu"]
    assert (first.exchanged, second.exchanged) == ([1], [2])


def test_a_device_that_failed_before_there_was_a_scorer_is_said_too() -> None:
    """Scoring began on the second device: it is degraded from the start, and there is no third."""
    scorer = FallbackScorer(Exchanging("cpu", 1), None, lambda _: None)
    assert (scorer.place, scorer.degraded) == ("cpu", True)
    scorer.step(a_job())
    with pytest.raises(RuntimeError, match="device-side assert"):
        scorer.step(a_job())
