"""Any choice of streams, fused and calibrated as the core does it: for ablations, from surprises that were kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core import tail
from offbeat.core.bout_tail import with_bout_tails
from offbeat.core.calibration import FrozenCalibration
from offbeat.core.commission import Commission
from offbeat.core.fusion import Fused, Fusion
from offbeat.core.streams import registry
from offbeat.replay.judged import JudgedSeries

Floats = NDArray[np.float32]

NEURAL = tuple(name for name in registry.STREAM_NAMES if name not in registry.CHEAP_NAMES)
"""Streams that need a model."""
CHEAP = registry.CHEAP_NAMES
DEFAULT = tuple(np.array(registry.STREAM_NAMES)[registry.voting(model=False)].tolist())
"""Streams that take part in alerts and scores unless more are asked for."""


@dataclass(frozen=True, slots=True)
class Surprises:
    """Calibrated surprises of one sensor's rows.

    Attributes:
        sensor: id.
        times_seconds: event times in recorded order [n].
        surprise: by stream, NaN = no opinion [n, K].
        unit_seconds: the sensor's usual gap.
    """

    sensor: str
    times_seconds: NDArray[np.float64]
    surprise: Floats
    unit_seconds: float

    @classmethod
    def of(cls, judged: JudgedSeries, learnt: Commission) -> Surprises:
        """Return what the streams said about a judged recording by what was learnt."""
        series = judged.series
        unit = float(learnt.gap_unit_seconds[learnt.row_of(series.sensor)])
        return cls(series.sensor, series.times_seconds, judged.surprise, unit)


Fusing = Callable[[Sequence[Surprises]], list[Floats]]
"""Makes one surprise by track [n, Q] of what the streams said about each sensor's rows."""


def surprises_of(judged: Sequence[JudgedSeries], learnt: Sequence[Commission]) -> list[Surprises]:
    """Return what the streams said about judged recordings, each by the commission that knows its sensor."""
    return [
        Surprises.of(one, next((c for c in learnt if c.row_of(one.series.sensor)), learnt[0]))
        for one in judged
    ]


def columns_of(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return the mask [K] of the named streams."""
    return np.array([name in names for name in registry.STREAM_NAMES])


def fuse(sensors: Sequence[Surprises], chosen: NDArray[np.bool_]) -> list[Fused]:
    """Return g and F of each sensor's rows, made of the chosen streams [K] only.

    A row that moves time not on is said again what the row before it was: the core keeps such rows out.
    """
    fusion = Fusion(chosen)
    said = [fusion.of(one.surprise) for one in sensors]
    return [
        Fused(said_again(one.times_seconds, row.surprise), said_again(one.times_seconds, row.severity))
        for one, row in zip(sensors, said, strict=True)
    ]


def alarmed_by(names: Sequence[str]) -> Fusing:
    """Return what fuses the named streams as what opens alerts is: g."""
    return lambda sensors: [one.surprise for one in fuse(sensors, columns_of(names))]


def scored_by(names: Sequence[str]) -> Fusing:
    """Return what fuses the named streams as scores are: F."""
    return lambda sensors: [one.severity for one in fuse(sensors, columns_of(names))]


def said_again(times_seconds: NDArray[np.float64], said: Floats) -> Floats:
    """Return what was said of rows [n, ...]; one that moves time not on is said what the last that did was."""
    kept = moves_on(times_seconds)
    return said[np.flatnonzero(kept)[np.cumsum(kept) - 1]]


@dataclass(frozen=True, slots=True)
class Bag:
    """A fusion of streams with the laws of what they said together while they learnt.

    Attributes:
        fused: makes one surprise by track of what the streams said.
        law: of that; row r + 1 belongs to sensors[r].
        sensors: ids.
    """

    fused: Fusing
    law: FrozenCalibration
    sensors: tuple[str, ...]

    @classmethod
    def learn(cls, past: Sequence[Surprises], fused: Fusing) -> Bag:
        """Return a fusion, calibrated on what it makes of the past."""
        said = fused(past)
        law = FrozenCalibration.fit(said, len(registry.TRACKS), shape=tail.SURPRISE)
        law, _ = with_bout_tails(law, said)
        return cls(fused, law, tuple(one.sensor for one in past))

    def tracks(self, sensors: Sequence[Surprises], owner: Mapping[str, str]) -> list[Floats]:
        """Return how severe each row is by track, [n, Q].

        Args:
            sensors: rows to judge.
            owner: whose law a sensor is judged by; a sensor that is not named is judged by its own.
        """
        row = {sensor: index for index, sensor in enumerate(self.sensors, start=1)}
        fused = self.fused(sensors)
        return [
            self.law.surprise(np.full(len(said), row[owner.get(one.sensor, one.sensor)], np.intp), said)
            for one, said in zip(sensors, fused, strict=True)
        ]


def largest(surprise: Floats) -> Floats:
    """Return the largest surprise over tracks of each row, [n]; 0 where none has an opinion."""
    return np.asarray(np.nan_to_num(np.fmax.reduce(surprise, axis=1), nan=0.0), np.float32)


def moves_on(times_seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows move their sensor's time on: the core keeps the others out."""
    newest = np.maximum.accumulate(times_seconds)
    return np.asarray(np.diff(newest, prepend=-np.inf) > 0, np.bool_)
