"""Tails of samples: the generalised Pareto law by probability-weighted moments, in closed form.

Hosking and Wallis' estimator needs two means of the sorted excesses and is within a few percent of the wanted
rate where "mean + 3 sigma" is off by two orders (see docs/decisions/0003-fusion.md). The shape is shrunk to
what is usual, because a shape learnt from thirty excesses is mostly noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ShapePrior:
    """What the shape of a tail usually is, what it may be, and how many excesses that knowledge is worth."""

    usual: float
    least: float
    most: float = 0.5
    weight: float = 30.0


RAW = ShapePrior(usual=0.2, least=0.2)
"""Raw strangeness has heavy tails. None is believed lighter: a thin tail learnt from an hour would turn any
later drift into the largest surprise there is, and shout every other stream down."""

SURPRISE = ShapePrior(usual=0.0, least=0.0)
"""A surprise is a logarithm of a chance: its tail is exponential where calibrations are right."""


def moments(excess: Doubles, count: NDArray[np.intp]) -> tuple[Doubles, Doubles]:
    """Return the unshrunk (shape, scale) of each row of excesses.

    Args:
        excess: ascending and right padded, [G, M]; what lies behind `count` is ignored.
        count: excesses of each row, [G]; the estimate is NaN below 2.
    """
    place = np.arange(excess.shape[1])
    used = place < count[:, None]
    size = np.maximum(count, 1)[:, None]
    y = np.where(used, excess, 0.0)
    mean = (y / size).sum(axis=1)
    weighted = (y * (1.0 - (place + 0.65) / size) / size).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = mean - 2.0 * weighted
        shape = 2.0 - mean / spread
        scale = 2.0 * mean * weighted / spread
    known = (count >= 2) & (spread > 0)
    return np.where(known, shape, np.nan), np.where(known, scale, np.nan)


def fit(excess: Doubles, count: NDArray[np.intp], prior: ShapePrior = RAW) -> tuple[Doubles, Doubles]:
    """Return (shape, scale) of each row of excesses: the shape bounded, the scale such that the mean is kept.

    A row without excesses has scale 0.

    Args:
        excess: as in `moments`.
        count: as in `moments`.
        prior: of the shape.
    """
    shape, _ = moments(excess, count)
    shape = np.where(np.isfinite(shape), shape, prior.usual)
    shape = (count * shape + prior.weight * prior.usual) / (count + prior.weight)
    shape = np.clip(shape, prior.least, prior.most)
    used = np.arange(excess.shape[1]) < count[:, None]
    mean = np.where(used, excess, 0.0).sum(axis=1) / np.maximum(count, 1)
    return shape, mean * (1.0 - shape)


def surprise(
    excess: NDArray[np.floating], shape: NDArray[np.floating], scale: NDArray[np.floating]
) -> Doubles:
    """Return -log10 of the chance that an excess is at least as large; all arguments broadcast, scale > 0."""
    shape = np.maximum(np.asarray(shape, np.float64), 1e-6)  # the limit of 0 is the exponential law, to 1e-6
    depth = np.log1p(shape * np.asarray(excess, np.float64) / scale) / shape
    return np.asarray(depth / np.log(10.0), np.float64)
