"""A whole conversation with a pipeline: batches, a scorer, ticks in between, and all that was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.commissioning import calibrate_streams, calibrate_tracks, fit_normaliser_and_ridge
from offbeat.core.decisions import Decisions, ScoredRows
from offbeat.core.events import EpisodeEvent
from offbeat.core.fusion import Fused
from offbeat.core.jobs import StepJob, StepResult, WindowJob, WindowResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.readings import ReadingBatch
from offbeat.core.recording import Recording
from offbeat.core.sensors import SensorDirectory
from offbeat.testing.readings import Readings

MODEL = ("fake", "1")


class AnsweringScorer(Protocol):
    """What `play` asks of a scorer."""

    def step(self, job: StepJob) -> StepResult | None:
        """Answer a step job."""
        ...

    def window(self, job: WindowJob) -> WindowResult | None:
        """Answer a window job."""
        ...

    def reset(self, group: int, sensor: NDArray[np.int32]) -> None:
        """Forget what is carried about these sensors."""
        ...


@dataclass
class Played:
    """What came out of a conversation.

    Attributes:
        events: all of them, in order.
        scores: of each work that was judged.
    """

    events: list[EpisodeEvent] = field(default_factory=list)
    scores: list[ScoredRows] = field(default_factory=list)

    def take(self, decisions: Decisions) -> None:
        """Collect the decisions of one call."""
        self.events += decisions.events
        if decisions.scores is not None:
            self.scores.append(decisions.scores)

    def of(self, sensor: int, name: str = "score") -> NDArray[Any]:
        """Return one attribute of the scored rows of a sensor, in time order."""
        parts = [getattr(s, name)[s.sensor == sensor] for s in self.scores]
        return np.concatenate(parts) if parts else np.zeros(0)

    def story(self) -> list[tuple[str, str, str]]:
        """Return (event, sensor, kind) of each event."""
        return [(e.event, e.sensor, e.kind) for e in self.events]


def play(
    pipeline: Pipeline,
    batches: Iterable[ReadingBatch],
    scorer: AnsweringScorer | None = None,
    tick_seconds: float | None = None,
    windows: int = 0,
) -> Played:
    """Let a pipeline live through batches, each answered at once.

    Args:
        pipeline: to be played to.
        batches: in order of arrival.
        scorer: answers jobs; None sheds them all.
        tick_seconds: tick whenever the log time has moved by so much; None never ticks.
        windows: windows that are scored at most after each batch.
    """
    played, next_tick = Played(), -np.inf
    for batch in batches:
        now = float(batch.arrival_seconds[-1])
        for work in pipeline.ingest(batch):
            result = scorer.step(work.job) if scorer is not None and work.job is not None else None
            played.take(pipeline.scored(work, result))
        for job in pipeline.due_windows(now, windows) if windows else ():
            played.take(pipeline.windows_scored(job, scorer.window(job) if scorer is not None else None))
        if tick_seconds is not None and now >= next_tick:
            played.take(pipeline.tick(now))
            next_tick = now + tick_seconds
    return played


def directory_of(sensors: Sequence[str], channels: tuple[str, ...] = ("value",)) -> SensorDirectory:
    """Return a directory of one group that holds these sensors, and has room for some more."""
    directory = SensorDirectory([channels], max_sensors=len(sensors) + 8)
    for sensor in sensors:
        directory.admit(0, sensor)
    return directory


def commissioned(
    channels: tuple[str, ...],
    recordings: Sequence[Recording],
    scorer: AnsweringScorer | None = None,
    settings: CoreSettings | None = None,
) -> Commission:
    """Return a calibrated commission of recordings, learnt by playing them through the production pipeline.

    Args:
        channels: of the group.
        recordings: one a sensor.
        scorer: stands for the model; None leaves the model's streams without an opinion.
        settings: of the pipeline; `collect` is set here.
    """
    commission = fit_normaliser_and_ridge(channels, recordings)
    collect = replace(settings or CoreSettings(), collect=True)
    sensors = [recording.sensor for recording in recordings]
    for stage in ("streams", "tracks"):
        pipeline = Pipeline(directory_of(sensors, channels), collect)
        pipeline.install(0, commission, None if scorer is None else MODEL)
        readings = Readings()
        for i, recording in enumerate(recordings):
            readings.add_rows(i, recording.times_seconds, recording.values)
        if scorer is not None:
            scorer.reset(0, np.arange(len(sensors), dtype=np.int32))
        played = play(pipeline, readings.batches(), scorer, windows=len(sensors))
        if stage == "streams":
            commission = calibrate_streams(
                commission, {s: played.of(i, "raw") for i, s in enumerate(sensors)}
            )
        else:
            fused = {s: Fused(played.of(i, "fused"), played.of(i, "severity")) for i, s in enumerate(sensors)}
            commission = calibrate_tracks(commission, fused)
    return commission
