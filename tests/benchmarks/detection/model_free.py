"""Commissions without a model: what the cheap streams alone know, learnt by what `train` learns by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from offbeat.app.calibrating import Past, calibrated
from offbeat.core.commission import Commission
from offbeat.core.decisions import Decisions
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player, Step


def commission_of(series: Sequence[Series], core: CoreSettings) -> Commission:
    """Return the calibrated commission of one group's recordings, no model taking part."""
    past = Past.of(series)
    return calibrated(past.commission(), past, core)


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
