"""The pulse of the scorer thread, felt from outside: a call into a library that never returns beats no pulse."""

from __future__ import annotations

from typing import Any

from offbeat.observe.watchdog import Stage
from offbeat.scoring.worker import ScorerThread

SCORER_GRACE_SECONDS = 60.0
"""How long one job may take. On a small machine that swaps it takes seconds, as it does to leave a GPU that gave up."""


class ScorerPulse:
    """Beats for the scorer as long as it answers; it rests while it has nothing to do.

    Without it the loop goes on turning before a scorer that hangs: nothing is judged any more, no silence is told of,
    and all looks well.

    Args:
        scorer: whose jobs are counted.
        stage: that stands still when the scorer does. Only the thread that looks beats it.
    """

    def __init__(self, scorer: ScorerThread[Any], stage: Stage) -> None:
        self._scorer = scorer
        self._stage = stage
        self._done = 0

    def look(self) -> None:
        """Look once; to be called often by one thread."""
        done = self._scorer.jobs_done
        if done != self._done:
            self._done = done
            self._stage.beat()
        elif not (self._scorer.steps_waiting or self._scorer.windows_waiting):
            self._stage.rest()
        elif self._stage.resting:
            self._stage.beat()
