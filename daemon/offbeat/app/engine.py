"""The core and its scorer, driven in step: how recordings, journals and recoveries are played."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from offbeat.core.decisions import Decisions
from offbeat.core.jobs import StepResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.readings import ReadingBatch
from offbeat.core.work import Work
from offbeat.scoring.scorer import ModelScorer

Act = Callable[[Decisions], None]
Watch = Callable[[Work, StepResult | None], None]


class Engine:
    """Feeds batches through the pipeline and asks the scorer at once, so that the same input gives the same output.

    Args:
        pipeline: the core.
        scorer: answers its jobs.
        window_limit: windows of one job.
        watch: is shown every work with the scorer's answer before it is judged.
    """

    def __init__(
        self, pipeline: Pipeline, scorer: ModelScorer, window_limit: int = 64, watch: Watch | None = None
    ) -> None:
        self.pipeline = pipeline
        self.scorer = scorer
        self._window_limit = window_limit
        self._watch = watch

    def feed(self, batches: Iterable[ReadingBatch], now_seconds: float, act: Act) -> None:
        """Judge batches, then the windows that are due because of them; hand on what was decided, in order."""
        for batch in batches:
            for work in self.pipeline.ingest(batch):
                result = None if work.job is None else self.scorer.step(work.job)
                if self._watch is not None:
                    self._watch(work, result)
                act(self.pipeline.scored(work, result))
        while jobs := self.pipeline.due_windows(now_seconds, self._window_limit):
            for job in jobs:
                act(self.pipeline.windows_scored(job, self.scorer.window(job)))

    def tick(self, now_seconds: float, act: Act) -> None:
        """Let time pass: silence opens, quiet episodes close."""
        act(self.pipeline.tick(now_seconds))
