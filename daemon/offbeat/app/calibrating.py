"""The past played through the production path once more, to learn what is ordinary there: with a model or without."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from offbeat.app.engine import Engine
from offbeat.core.commission import Commission
from offbeat.core.commissioning import calibrate_streams, calibrate_tracks, fit_normaliser_and_ridge
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.core.sensors import SensorDirectory
from offbeat.learn.collected import Collected
from offbeat.learn.doubts import Doubts
from offbeat.learn.progress import OnProgress, Progress, silent
from offbeat.learn.refusing import refuse
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player
from offbeat.scoring.torch_scorer import TorchScorer


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """Recordings of the sensors of one group, and what is not to be learnt from them.

    Attributes:
        series: as recorded; all with the same channels.
        recordings: the same, with nothing observed in rows that are doubted.
        doubts: these rows.
    """

    series: Sequence[Series]
    recordings: list[Recording]
    doubts: Doubts

    @classmethod
    def of(cls, series: Sequence[Series], leave_out_doubtful: bool = True) -> Past:
        """Look over recordings for what is far from all else."""
        recordings = [one.recording() for one in series]
        doubts = Doubts.looked_for(series[0].channels, recordings) if leave_out_doubtful else Doubts()
        return cls(series, doubts.hidden(recordings), doubts)

    def commission(self) -> Commission:
        """Return a commission that knows what values are usual, and is not calibrated."""
        return fit_normaliser_and_ridge(self.series[0].channels, self.recordings)


def calibrated(
    commission: Commission,
    past: Past,
    core: CoreSettings,
    scorer: TorchScorer | None = None,
    model: tuple[str, str] | None = None,
    choice: ModelChoice | None = None,
    on_progress: OnProgress = silent,
) -> Commission:
    """Return a commission with the laws of all that its streams say of the past.

    Args:
        commission: of `Past.commission`, with what else was learnt.
        past: is played.
        core: numbers of the core; as in service.
        scorer: of the group's models, as group 0; None = there is no model.
        model: its family and version; None = there is none.
        choice: what is to judge the group; None = the default.
        on_progress: is told how far it is.
    """
    series = without_doubtful(past.series, past.doubts)
    directory = SensorDirectory([commission.channels], len(series))
    if choice is not None:
        directory.groups[0].model = choice
    player = Player(series, directory, core.window_stride_readings)
    pipeline = Pipeline(directory, dataclasses.replace(core, collect=True))
    pipeline.install(0, commission, model)
    engine, collected = Engine(pipeline, scorer or TorchScorer({}, "cpu")), Collected()
    for step in player.steps():
        engine.feed(step.batches, step.now_seconds, collected.add)
        if step.tick:
            on_progress(Progress("playing the past through it", step.played, player.rows))
    ids = directory.groups[0].ids
    times, raw = collected.times_seconds(ids), collected.raw(ids)
    for sensor, virtual in times.items():
        recorded = virtual + player.recorded_seconds(sensor, 0.0)
        raw[sensor] = past.doubts.without_false_gaps(sensor, recorded, raw[sensor])
    on_progress(Progress("calibrating", 0, 1))
    commission = calibrate_streams(commission, raw)
    return calibrate_tracks(commission, *refuse(commission, raw, times))


def without_doubtful(series: Sequence[Series], doubts: Doubts) -> list[Series]:
    """Return the recordings without the rows that nothing is to be learnt from."""
    return [one.where(~doubts.of(one.sensor, one.times_seconds)) for one in series]
