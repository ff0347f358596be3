"""Commissions without a model: what the cheap streams alone know, learnt the way `train` learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from offbeat.app.training import without_doubtful
from offbeat.core.commission import Commission
from offbeat.core.commissioning import calibrate_streams, calibrate_tracks, fit_normaliser_and_ridge
from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.learn.collected import Collected
from offbeat.learn.doubts import Doubts
from offbeat.learn.refusing import refuse
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player, Step


def commission_of(series: Sequence[Series], core: CoreSettings) -> Commission:
    """Return the calibrated commission of one group's recordings, no model taking part."""
    channels = series[0].channels
    recordings = [one.recording() for one in series]
    doubts = Doubts.looked_for(channels, recordings)
    commission = fit_normaliser_and_ridge(channels, doubts.hidden(recordings))
    series = without_doubtful(series, doubts)
    directory = SensorDirectory([channels], len(series))
    pipeline = Pipeline(directory, replace(core, collect=True))
    player = Player(series, directory, core.window_stride_readings)
    pipeline.install(0, commission, None)
    collected = Collected()
    for decided in played(pipeline, player, ticks=False):
        collected.add(decided)
    ids = directory.groups[0].ids
    raw = collected.raw(ids)
    commission = calibrate_streams(commission, raw)
    return calibrate_tracks(commission, *refuse(commission, raw, collected.times_seconds(ids)))


def played(pipeline: Pipeline, player: Player, ticks: bool = True) -> Iterator[Decisions]:
    """Yield what a pipeline without a model decides while recordings are played through it."""
    for step in player.steps():
        yield from _step(pipeline, step)
        if ticks and step.tick:
            yield pipeline.tick(step.now_seconds)


def _step(pipeline: Pipeline, step: Step) -> Iterator[Decisions]:
    for batch in step.batches:
        for work in pipeline.ingest(batch):
            yield pipeline.scored(work, None)
