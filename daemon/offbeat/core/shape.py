"""What is learnt of the course of a sensor's channels: their grid, its components and how channels go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core import pca, relation, ridge, time_grid
from offbeat.core.pca import Pca
from offbeat.core.relation import Relation
from offbeat.core.streams.base import Arrays, Floats

MOST_WINDOWS = 4000
"""Windows of a sensor that are learnt from, evenly chosen."""

PATIENCE = 2.0
LEAST_PATIENCE, MOST_PATIENCE = 2.0, 240.0
"""A channel is missing when it was not observed for twice as long as it hardly ever is, in ticks within bounds."""


@dataclass(frozen=True)
class Shape:
    """Laws over rows R of the commission; row 0 = the fleet.

    Attributes:
        tick: the usual gap between two observations of a channel, in the sensor's median gaps, float32 [R];
            >= 1. More where channels take turns.
        patience: ticks after which a channel's last value is too old to go by, float32 [R, C].
        pca: of the last ticks of all channels.
        relation: of all channels at one moment.
    """

    tick: Floats
    patience: Floats
    pca: Pca
    relation: Relation

    def held(self, row: NDArray[np.intp], value: Floats, age: Floats) -> Floats:
        """Return last values, those that are too old to go by replaced by what the others tell, float32 [n, C].

        Args:
            row: rows of the commission [n].
            value: last value of every channel [n, C].
            age: time since each was observed, in median gaps [n, C].
        """
        missing = age > self.patience[row] * self.tick[row][:, None]
        return self.relation.completed(row, value, missing) if missing.any() else value

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        own = {f"{prefix}tick": self.tick, f"{prefix}patience": self.patience}
        return own | self.pca.to_tensors(f"{prefix}pca.") | self.relation.to_tensors(f"{prefix}relation.")

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        return cls(
            tick=np.ascontiguousarray(tensors[f"{prefix}tick"], np.float32),
            patience=np.ascontiguousarray(tensors[f"{prefix}patience"], np.float32),
            pca=Pca.from_tensors(f"{prefix}pca.", tensors),
            relation=Relation.from_tensors(f"{prefix}relation.", tensors),
        )


def fit(z: Sequence[Floats], gaps: Sequence[Floats], constant: NDArray[np.bool_]) -> Shape:
    """Learn the shape of each sensor, held to the fleet's where it has few rows.

    Args:
        z: normalised values of each sensor, [n_r, C], NaN = not observed; row r + 1 of the result is z[r].
        gaps: time since the row before in median gaps, [n_r]; NaN for the first.
        constant: channels that never moved, by row of the commission [R, C]; they are taken as 0.
    """
    channels = constant.shape[1]
    between = [_between(values, gap) for values, gap in zip(z, gaps, strict=True)]
    own = [_usual([np.median(x) for x in sensor if len(x)]) for sensor in between]
    tick = np.maximum(np.array([_usual(own), *own]), 1.0)
    tick = np.where(np.isfinite(tick), tick, 1.0).astype(np.float32)
    shape = lay(z, gaps, tick, constant)
    return Shape(
        tick=tick,
        patience=_patience(between, tick, channels),
        pca=pca.fit([g.cells[g.full] for g in shape], channels),
        relation=relation.fit([_heard(g, channels) for g in shape], channels),
    )


def lay(
    z: Sequence[Floats], gaps: Sequence[Floats], tick: Floats, constant: NDArray[np.bool_]
) -> list[time_grid.Glance]:
    """Return what the grids of each sensor held at some of its rows."""
    out = []
    for r, (values, gap) in enumerate(zip(z, gaps, strict=True), start=1):
        count = min(len(values), MOST_WINDOWS)
        rows = np.linspace(0, len(values) - 1, count).astype(np.intp)
        if count:
            out.append(time_grid.glances(seen(values, constant[r]), gap / tick[r], rows))
        else:
            out.append(_nothing(values.shape[1]))
    return out


def seen(z: Floats, constant: NDArray[np.bool_]) -> Floats:
    """Return what a grid holds of z-scores: bounded, and 0 for channels that never moved."""
    return np.where(constant, np.float32(0.0) * z, ridge.clip(z))


def _nothing(channels: int) -> time_grid.Glance:
    size = time_grid.lags_of(channels) * channels
    return time_grid.Glance(
        np.zeros((0, size), np.float32), np.zeros((0, channels), np.uint8), np.zeros(0, np.bool_)
    )


def _heard(glance: time_grid.Glance, channels: int) -> Floats:
    """Return the last values of all channels where the grid is full."""
    return glance.cells[glance.full, :channels]


def _between(z: Floats, gap: Floats) -> list[NDArray[np.float64]]:
    """Return the times between the observations of each channel, in median gaps."""
    elapsed = np.cumsum(np.where(np.isfinite(gap), gap, 0.0))
    return [np.diff(elapsed[np.isfinite(z[:, c])]) for c in range(z.shape[1])]


def _usual(values: list[Any]) -> float:
    """Return the median of what is known, NaN where nothing is."""
    known = [float(x) for x in values if np.isfinite(x)]
    return float(np.median(known)) if known else float("nan")


def _patience(between: list[list[NDArray[np.float64]]], tick: Floats, channels: int) -> Floats:
    """Return after how many ticks each channel is missing, [R, C]; the fleet waits as long as its most patient."""
    own = np.full((len(between) + 1, channels), np.nan)
    for r, sensor in enumerate(between, start=1):
        for c, times in enumerate(sensor):
            if len(times):
                own[r, c] = PATIENCE * np.quantile(times, 0.99) / tick[r]
    fleet = np.fmax.reduce(own, axis=0)
    fleet = np.where(np.isfinite(fleet), fleet, LEAST_PATIENCE)
    own = np.where(np.isfinite(own), own, fleet)
    return np.asarray(np.clip(own, LEAST_PATIENCE, MOST_PATIENCE), np.float32)
