"""Playing the past of a group through its streams: for what is to be left out, and for calibration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.app.engine import Engine
from offbeat.core.commission import Commission
from offbeat.core.doubt import doubtful, with_echo
from offbeat.core.model_choice import ModelChoice
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.core.sensors import SensorDirectory
from offbeat.learn.collected import Collected
from offbeat.learn.progress import OnProgress, Progress
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player
from offbeat.scoring.scorer import Scorer

Doubts = dict[str, NDArray[np.float64]]
"""Times of the rows not to learn from, by sensor id."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the streams said of a past.

    Attributes:
        raw: raw values [n, K] of each sensor's rows, by sensor id, in time order.
        times_seconds: event times of the same rows [n].
    """

    raw: dict[str, NDArray[np.float32]]
    times_seconds: dict[str, NDArray[np.float64]]


def play_past(
    commission: Commission,
    scorer: Scorer,
    series: Sequence[Series],
    choice: ModelChoice,
    core: CoreSettings,
    on_progress: OnProgress,
    stage: str,
) -> Past:
    """Play recordings of one group through the production streams.

    Args:
        commission: with its normaliser.
        scorer: of the group as group 0.
        series: the recordings.
        choice: of the group's models.
        core: numbers of the core, as in service.
        on_progress: is told how far it is.
        stage: what it is told.
    """
    directory = SensorDirectory([commission.channels], len(series))
    directory.groups[0].model = choice
    player = Player(series, directory, core.window_stride_readings)
    pipeline = Pipeline(directory, dataclasses.replace(core, collect=True))
    pipeline.install(0, commission, (choice.family, "in training"))
    engine, collected = Engine(pipeline, scorer), Collected()
    for step in player.steps():
        engine.feed(step.batches, step.now_seconds, collected.add)
        if step.tick:
            on_progress(Progress(stage, step.played, player.rows))
    ids = directory.groups[0].ids
    return Past(collected.raw(ids), collected.times_seconds(ids))


def doubtful_times(past: Past) -> Doubts:
    """Return the times of the rows not to learn from, by sensor id."""
    return {sensor: past.times_seconds[sensor][doubtful(raw)] for sensor, raw in past.raw.items()}


def without(recordings: Sequence[Recording], hidden: Doubts) -> list[Recording]:
    """Return the recordings with nothing observed where it is doubtful; its rhythm stays as it was."""
    nowhere = np.zeros(0)
    return [_without(one, hidden.get(one.sensor, nowhere)) for one in recordings]


def _without(one: Recording, times_seconds: NDArray[np.float64]) -> Recording:
    if not len(times_seconds):
        return one
    hidden = np.isin(one.times_seconds, times_seconds)
    values = np.where(hidden[:, None], np.float32(np.nan), one.values).astype(np.float32)
    return dataclasses.replace(one, values=values)


def doubted_rows(past: Past, hidden: Doubts) -> dict[str, NDArray[np.bool_]]:
    """Return which rows of each sensor not to calibrate on: those hidden before, those doubtful now, their echo.

    Nothing was hidden, and nothing is doubted, where doubts are not asked for: then `hidden` is empty.
    """
    if not hidden:
        return {}
    return {
        sensor: with_echo(doubtful(raw) | np.isin(past.times_seconds[sensor], hidden[sensor]))
        for sensor, raw in past.raw.items()
    }


def leave_out(
    values: Mapping[str, NDArray[np.float32]], doubted: Mapping[str, NDArray[np.bool_]]
) -> dict[str, NDArray[np.float32]]:
    """Return the values [n, K] by sensor id with no opinion in doubted rows."""
    return {
        sensor: np.where(doubted[sensor][:, None], np.float32(np.nan), one) if sensor in doubted else one
        for sensor, one in values.items()
    }
