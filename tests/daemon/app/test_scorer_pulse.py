"""The pulse of a scorer that hangs in a library."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from offbeat.app.scorer_pulse import SCORER_GRACE_SECONDS, ScorerPulse
from offbeat.observe.watchdog import Progress
from offbeat.scoring.worker import ScorerThread
from offbeat.testing.readings import Readings
from tests.support.gated_scorer import GatedScorer
from tests.support.plant import live, plant
from tests.support.waiting import wait_until


class Watched:
    """A scorer behind a gate, and who feels its pulse."""

    def __init__(self) -> None:
        self.scorer = GatedScorer()
        self.thread: ScorerThread[int] = ScorerThread(self.scorer, lambda: None, lambda _: None)
        self.progress = Progress()
        self.pulse = ScorerPulse(self.thread, self.progress.stage("scorer", SCORER_GRACE_SECONDS))
        readings = Readings()
        readings.add(0, *live(0, 10))
        self.jobs = [work.job for batch in readings.batches() for work in plant().ingest(batch)]

    def look(self, now: float) -> set[str]:
        """Feel the pulse; return what stands still."""
        self.pulse.look()
        return set(self.progress.stalled(now))

    def ask(self) -> None:
        """Hand a job over."""
        self.thread.submit_step(0, self.jobs[0])


@pytest.fixture
def watched() -> Iterator[Watched]:
    """It runs."""
    made = Watched()
    made.thread.start()
    yield made
    made.scorer.gate.set()
    made.thread.stop(5)


def test_a_scorer_without_work_may_rest_for_ever(watched: Watched) -> None:
    """Nothing is asked of it."""
    assert watched.look(0.0) == watched.look(10_000.0) == set()


def test_a_scorer_that_never_answers_stands_still_after_its_grace(watched: Watched) -> None:
    """From the time on at which it was given work, however long it had rested before."""
    assert watched.look(0.0) == set()
    watched.ask()
    assert watched.look(10_000.0) == set()
    assert watched.look(10_000.0 + SCORER_GRACE_SECONDS) == set()
    assert watched.look(10_001.0 + SCORER_GRACE_SECONDS) == {"scorer"}


def test_a_scorer_that_is_behind_and_answers_moves(watched: Watched) -> None:
    """Each answer is a beat, whatever waits."""
    watched.scorer.gate.set()
    for now in range(0, 1_000, 50):
        before = watched.thread.jobs_done
        watched.ask()
        wait_until(lambda before=before: watched.thread.jobs_done > before)
        assert watched.look(float(now)) == set()


def test_a_scorer_that_answers_again_is_well_again(watched: Watched) -> None:
    """A machine that had swapped."""
    watched.look(0.0)
    watched.ask()
    watched.look(1.0)
    assert watched.look(100.0) == {"scorer"}
    watched.scorer.gate.set()
    wait_until(lambda: watched.thread.jobs_done == 1)
    assert watched.look(101.0) == set()
