"""The frozen calibration: raw strangeness to surprise, by what was ordinary at commissioning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core import tail
from offbeat.core.streams.base import Arrays, Floats

CAP = 20.0
"""No surprise is larger: beyond 1e-20 nothing is known."""

KNOTS = 32
"""A power of two: `surprise` finds its place among them by halving."""

FEWEST_SAMPLES = 32
"""A sensor with fewer samples of a column is judged by the fleet's law."""

WIDEST = 2.0
"""Widest scale of a tail, in scales of an exponential law that goes on as the body ends."""

_RAMP = 3.0
_POOL = 200_000
_FIELDS = ("knots", "body", "above", "sigma", "xi", "count")

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class FrozenCalibration:
    """Laws of raw values over (row of the commission, column): an empirical body and a Pareto tail.

    Attributes:
        knots: raw values whose surprises are evenly spaced from 0 to `body`, float32 [R, K, 32]; the last one
            is the threshold where the tail begins.
        body: surprise of the threshold itself, float32 [R, K].
        above: surprise just above the threshold, at least `body`; more where many samples tie at the
            threshold.
        sigma, xi: scale and shape of the tail.
        count: samples the law was learnt from, float32 [R, K]; 0 = nothing is known and every surprise is
            NaN.
    """

    knots: Floats
    body: Floats
    above: Floats
    sigma: Floats
    xi: Floats
    count: Floats

    @classmethod
    def fit(
        cls,
        samples: Sequence[Floats],
        columns: int,
        fewest: int = FEWEST_SAMPLES,
        shape: tail.ShapePrior = tail.RAW,
    ) -> Self:
        """Learn the laws of `len(samples)` sensors and of the fleet.

        Args:
            samples: raw values of each sensor, [n_r, K], NaN = no opinion; row r + 1 of the result is
                samples[r]. Row 0 pools the sensors with equal weight.
            columns: K, for the case that there are no samples at all.
            fewest: a sensor with fewer samples of a column gets row 0's law of it.
            shape: what is usual of the tails.
        """
        pooled = _pool(samples, columns)
        laws = [_fit_columns(pooled, shape)]
        laws += [_fit_columns(np.asarray(sample, np.float64), shape) for sample in samples]
        stacked = [np.stack([law[i] for law in laws]).astype(np.float32) for i in range(len(_FIELDS))]
        thin = stacked[-1] < fewest
        for array in stacked[:-1]:
            array[thin] = np.broadcast_to(array[:1], array.shape)[thin]
        count = stacked[-1]
        count[thin] = np.minimum(np.broadcast_to(count[:1], count.shape)[thin], fewest)
        return cls(*stacked)

    def surprise(self, row: NDArray[np.intp], raw: Floats) -> Floats:
        """Return -log10 of the chance of a raw value as large or larger, float32 [n, K] in [0, 20].

        Never falls as the raw value grows. NaN stays NaN.

        Args:
            row: rows of the commission [n].
            raw: [n, K].
        """
        columns = self.body.shape[1]
        place = row[:, None] * columns + np.arange(columns)
        knots, first = self.knots.reshape(-1), place * KNOTS
        at = first.copy()
        step = KNOTS // 2
        while step:
            at += step * (knots.take(at + step) < raw)
            step //= 2
        low = knots.take(at)
        index = at - first
        beyond = index == KNOTS - 1
        width = knots.take(at + ~beyond) - low
        share = np.clip(raw - low, np.float32(0.0), width) / np.where(width > 0, width, np.float32(1.0))
        result: Floats = (index + share) * (self.body.reshape(-1).take(place) / np.float32(KNOTS - 1))
        result = np.asarray(result, np.float32)
        if beyond.any():
            self._extrapolate(result, place, raw, beyond)
        if not self._complete:
            result[self.count.reshape(-1).take(place) == 0] = np.nan
        return np.minimum(result, np.float32(CAP), out=result)

    def _extrapolate(
        self, result: Floats, place: NDArray[np.intp], raw: Floats, beyond: NDArray[np.bool_]
    ) -> None:
        """Write the surprise of what lies beyond the thresholds."""
        where = place[beyond]
        excess = np.minimum(raw[beyond], np.float32(1e30)) - self.knots[..., -1].reshape(-1)[where]
        depth = tail.surprise(excess, self.xi.reshape(-1)[where], self.sigma.reshape(-1)[where])
        result[beyond] = self.above.reshape(-1)[where] + depth

    @property
    def _complete(self) -> bool:
        return bool(self.count.min(initial=1.0) > 0)

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        return {prefix + name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        return cls(*(np.ascontiguousarray(tensors[prefix + name], np.float32) for name in _FIELDS))


def _pool(samples: Sequence[Floats], columns: int) -> Doubles:
    """Return one sample for the fleet, NaN padded [n, K]: as many order statistics of each sensor."""
    if not samples:
        return np.full((0, columns), np.nan)
    points = int(np.clip(_POOL // len(samples), FEWEST_SAMPLES, 1024))
    pooled = [_spread(np.asarray(sample, np.float64), points) for sample in samples]
    return np.concatenate(pooled)


def _spread(sample: Doubles, points: int) -> Doubles:
    """Return `points` evenly spaced order statistics of each column, NaN where a column has none."""
    ordered = np.sort(np.where(np.isfinite(sample), sample, np.nan), axis=0)  # NaN sorts to the end
    count = np.isfinite(ordered).sum(axis=0)
    share = (np.arange(points) + 0.5) / points
    index = np.floor(share[:, None] * count).astype(np.intp)
    if not len(ordered):
        return np.full((points, sample.shape[1]), np.nan)
    return np.where(
        count > 0, np.take_along_axis(ordered, np.minimum(index, len(ordered) - 1), axis=0), np.nan
    )


def _fit_columns(sample: Doubles, shape: tail.ShapePrior) -> tuple[Doubles, ...]:
    """Return the law of every column of one sensor, in the order of `_FIELDS`."""
    laws = [_fit_column(column[np.isfinite(column)], shape) for column in sample.T]
    return tuple(np.array([law[i] for law in laws]) for i in range(len(_FIELDS)))


def _fit_column(sample: Doubles, shape: tail.ShapePrior) -> tuple[Doubles, float, float, float, float, float]:
    """Return (knots, body, above, sigma, xi, count) of one sample."""
    n = len(sample)
    if n == 0:
        return np.zeros(KNOTS), 0.0, 0.0, 1.0, shape.usual, 0.0
    rarest = float(np.log10(n + 1))
    if sample.min() == sample.max():
        # Nothing is known of the size of a first move, so it is believed in proportion up to three scales.
        knots = sample[0] + np.linspace(0.0, _RAMP, KNOTS)
        return knots, rarest, rarest, 1.0, shape.usual, float(n)
    exceeding = 0.05 if n >= 1000 else 0.1 if n >= 200 else 0.2
    body = -float(np.log10(exceeding))
    knots = np.quantile(sample, 1.0 - 10.0 ** -np.linspace(0.0, body, KNOTS))
    excess = np.sort(sample[sample > knots[-1]]) - knots[-1]
    sigma, xi = _fit_tail(excess, knots, body, shape)
    above = -float(np.log10(len(excess) / n)) if len(excess) else rarest
    return knots, body, max(above, body), sigma, xi, float(n)


def _fit_tail(excess: Doubles, knots: Doubles, body: float, prior: tail.ShapePrior) -> tuple[float, float]:
    """Return (sigma, xi) of the excesses; where there are none the slope of the body goes on.

    A tail that is much wider than the body leads to expect is taken for faults in the recording, not for its
    nature.
    """
    shape, scale = tail.fit(excess[None], np.array([len(excess)]), prior)
    upper_half = KNOTS - 1 - KNOTS // 2
    rise = body * np.log(10.0) * upper_half / (KNOTS - 1)
    slope = float(knots[-1] - knots[KNOTS // 2]) / rise
    own = float(scale[0])
    sigma = min(own, WIDEST * slope) if own > 0 and slope > 0 else own or slope or 1.0
    return max(sigma, 1e-6 * max(1.0, abs(float(knots[-1])))), float(shape[0])
