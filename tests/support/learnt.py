"""Recordings of the small plant, and what a tiny model learns of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_from_recordings
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.learn.progress import Progress
from offbeat.replay.series import Series
from tests.support.plant import BOILERS, PAIR, boiler, pair

TINY = TrainingPlan(
    preset="tiny",
    steps=20,
    device="cpu",
    core=CoreSettings(window_readings=64, ready_readings=100),
    compare=False,
)
"""A training that takes about a second, without the baselines beside it."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What one training made.

    Attributes:
        folder: of the artifacts.
        groups: the boilers' and the pairs', in this order.
        told: of its progress.
    """

    folder: Path
    groups: list[TrainedGroup]
    told: list[Progress]


def boilers_recorded(rows: int = 500, sensors: int = 2, channel: str = "temp") -> list[Series]:
    """Return recordings of boilers whose one column has a name of its own."""
    recorded = [boiler(i, rows) for i in range(sensors)]
    return [
        Series(BOILERS[i], (channel,), times, values[:, None], f"{BOILERS[i]}.csv")
        for i, (times, values) in enumerate(recorded)
    ]


def pairs_recorded(rows: int = 500) -> list[Series]:
    """Return recordings of two sensors of two channels."""
    return [Series(f"pair{i}", PAIR, *pair(i, rows), f"pair{i}.csv") for i in range(2)]


def constant(rows: int = 300) -> Series:
    """Return a recording in which nothing can be learnt of the value."""
    return Series("constant", ("temp",), 1.7e9 + np.arange(float(rows)), np.ones((rows, 1), np.float32))


def learn(folder: Path) -> Learnt:
    """Train both groups under a folder."""
    told: list[Progress] = []
    groups = train_from_recordings([*boilers_recorded(), *pairs_recorded()], TINY, folder, told.append)
    return Learnt(folder, groups, told)
