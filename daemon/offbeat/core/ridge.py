"""Ridge autoregression of every channel: fitted in closed form at commissioning, used by the linear stream.

The target is the increment over the channel's last value, so that shrinking leads to "as before" and not to
the mean. Lags count the channel's own observations, which keeps them meaningful where channels report at
different times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats

LAGS = 8
MOST_CROSSED = 8
"""With more channels the others' values are left out: too many regressors for a commissioning period."""

CLIP = 6.0
POWER_ROWS = 32
MOST_RESIDUAL = 5.0
LEAST_POWER = 1e-3
_RIDGE = 1.0
_FLEET_ROWS = 30.0
_LONGEST_GAP = 64.0
_FIELDS = ("own", "cross", "gap", "bias", "scale", "unrest")

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Ridge:
    """Weights over rows R of the commission; row 0 = the fleet.

    Attributes:
        own: weights of the channel's last 8 observations, newest first, float32 [R, C, 8].
        cross: weights of the last value of every channel, float32 [R, C, X]; X = C, or 0 where C is 1 or
            above 8.
        gap: weight of `log_gap`, float32 [R, C].
        bias: float32 [R, C].
        scale: robust deviation of the residual at commissioning, float32 [R, C]; > 0.
        unrest: usual `log_power` of the standardised residual over 32 observations, float32 [R, C].
    """

    own: Floats
    cross: Floats
    gap: Floats
    bias: Floats
    scale: Floats
    unrest: Floats

    def expected(
        self, row: NDArray[np.intp], lags: Floats, log_gaps: Floats, others: Floats | None = None
    ) -> Floats:
        """Return the expected value of every channel, float32 [n, C].

        Args:
            row: rows of the commission [n].
            lags: last observations, newest first [n, C, 8].
            log_gaps: `log_gap` of the time since each channel's last observation [n, C].
            others: what is taken for the last value of every channel as a regressor of the others [n, C]; None = what
                it was.
        """
        newest = lags[:, :, 0]
        sum_ = newest + np.einsum("ncl,ncl->nc", lags, self.own[row])
        if self.cross.shape[2]:
            sum_ += np.einsum("nd,ncd->nc", newest if others is None else others, self.cross[row])
        sum_ += self.gap[row] * log_gaps
        sum_ += self.bias[row]
        return np.asarray(sum_, np.float32)

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        return {prefix + name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        return cls(*(np.ascontiguousarray(tensors[prefix + name], np.float32) for name in _FIELDS))


def clip(z: Floats) -> Floats:
    """Return z bounded to +-6, float32: what the regression sees of a value."""
    return np.clip(z, np.float32(-CLIP), np.float32(CLIP))


def log_gap(gap: NDArray[np.floating]) -> Floats:
    """Return the feature of a gap in median gaps: 0 at the median gap, bounded."""
    return np.asarray(np.log2((1.0 + np.minimum(gap, _LONGEST_GAP)) * 0.5), np.float32)


def spread(gap: NDArray[np.floating]) -> Floats:
    """Return by how much a step widens over a gap: as a random walk's, bounded; 1 up to the median gap."""
    return np.asarray(np.sqrt(np.clip(gap, 1.0, _LONGEST_GAP)), np.float32)


def power(residual: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the square of a standardised residual, bounded: a variance must not be one outlier's."""
    return np.asarray(np.minimum(np.abs(residual), MOST_RESIDUAL) ** 2)


def log_power(mean_square: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the logarithm of a mean of `power`, bounded below: stiller than this is simply still."""
    return np.asarray(np.log(mean_square + LEAST_POWER))


def fit(z: Sequence[Floats], gaps: Sequence[Floats]) -> Ridge:
    """Learn the weights of each sensor, held to the fleet's where it has few rows.

    Args:
        z: normalised values of each sensor, [n_r, C], NaN = not observed; row r + 1 of the result is z[r].
        gaps: time since the row before in median gaps, [n_r]; NaN for the first.
    """
    channels = z[0].shape[1] if z else 1
    return _solve([_designs(values, gap) for values, gap in zip(z, gaps, strict=True)], channels)


def nothing_learnt(channels: int) -> Ridge:
    """Return the ridge of a group without recordings: everything is expected to stay as it is."""
    return _solve([], channels)


@dataclass(frozen=True)
class _Design:
    """Regression of one channel of one sensor: features [n, P], increments [n] and the spread of each [n]."""

    features: Doubles
    target: Doubles
    spread: Doubles


def _crossed(channels: int) -> int:
    return channels if 1 < channels <= MOST_CROSSED else 0


def _designs(z: Floats, gap: Floats) -> list[_Design]:
    """Return the regression of every channel of one sensor."""
    clipped = np.clip(z.astype(np.float64), -CLIP, CLIP)
    elapsed = np.cumsum(np.where(np.isfinite(gap), gap, 0.0))
    held = _held(clipped) if _crossed(z.shape[1]) else np.zeros((len(z), 0))
    return [_design(clipped[:, c], elapsed, held) for c in range(z.shape[1])]


def _held(z: Doubles) -> Doubles:
    """Return the last value of every channel before each row; 0 where there was none."""
    if not len(z):
        return z
    seen = np.where(np.isfinite(z), np.arange(len(z))[:, None], -1)
    last = np.vstack([np.full((1, z.shape[1]), -1), np.maximum.accumulate(seen, axis=0)[:-1]])
    values = np.take_along_axis(z, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, values, 0.0)


def _design(z: Doubles, elapsed: Doubles, held: Doubles) -> _Design:
    """Return the regression of one channel on its own last observations and the held values."""
    rows = np.flatnonzero(np.isfinite(z))
    values, count = z[rows], max(len(rows) - LAGS, 0)
    lags = [values[LAGS - 1 - k : LAGS - 1 - k + count] for k in range(LAGS)]
    now = rows[LAGS:]
    gap = elapsed[now] - elapsed[rows[LAGS - 1 : LAGS - 1 + count]]
    features = np.column_stack([*lags, held[now], log_gap(gap), np.ones(count)])
    return _Design(features, values[LAGS:] - lags[0], spread(gap).astype(np.float64))


def _solve(sensors: list[list[_Design]], channels: int) -> Ridge:
    size = LAGS + _crossed(channels) + 2
    weights = np.zeros((len(sensors) + 1, channels, size))
    scale = np.ones((len(sensors) + 1, channels))
    unrest = np.zeros((len(sensors) + 1, channels))
    for c in range(channels):
        designs = [sensor[c] for sensor in sensors]
        weights[:, c], scale[:, c] = _solve_channel(designs, size)
        unrest[:, c] = _usual_unrest(designs, weights[:, c], scale[:, c])
    return Ridge(
        own=weights[:, :, :LAGS].astype(np.float32),
        cross=weights[:, :, LAGS:-2].astype(np.float32),
        gap=weights[:, :, -2].astype(np.float32),
        bias=weights[:, :, -1].astype(np.float32),
        scale=scale.astype(np.float32),
        unrest=unrest.astype(np.float32),
    )


def _solve_channel(designs: list[_Design], size: int) -> tuple[Doubles, Doubles]:
    """Return weights [R, P] and scales [R] of one channel over the fleet and its sensors."""
    products = [_products(design) for design in designs]
    counts = np.array([len(design.target) for design in designs])
    used = [i for i, n in enumerate(counts) if n > 0]
    fleet = np.zeros((size, size + 1))
    for i in used:
        fleet += products[i] / (counts[i] * len(used))
    held = np.stack([fleet * 1e3, *(product + fleet * _FLEET_ROWS for product in products)])
    penalty = np.eye(size) * _RIDGE
    weights = np.linalg.solve(held[:, :, :-1] + penalty, held[:, :, -1:])[:, :, 0]
    own = np.array([_scale(design, w) for design, w in zip(designs, weights[1:], strict=True)])
    common = float(np.median(own[used])) if used else 1.0
    share = counts / (counts + _FLEET_ROWS)
    scale = np.sqrt(share * own**2 + (1.0 - share) * common**2)
    return np.asarray(weights, np.float64), np.maximum(np.concatenate([[common], scale]), 1e-3)


def _usual_unrest(designs: list[_Design], weights: Doubles, scale: Doubles) -> Doubles:
    """Return the median `log_power` over blocks of 32 observations [R]; the fleet's is the sensors' median."""
    own = np.full(len(designs), np.nan)
    for r, design in enumerate(designs):
        blocks = len(design.target) // POWER_ROWS
        if blocks:
            residual = _residual(design, weights[r + 1])[: blocks * POWER_ROWS] / scale[r + 1]
            own[r] = np.median(log_power(power(residual).reshape(blocks, POWER_ROWS).mean(axis=1)))
    known = np.isfinite(own)
    fleet = float(np.median(own[known])) if known.any() else 0.0
    return np.concatenate([[fleet], np.where(known, own, fleet)])


def _products(design: _Design) -> Doubles:
    """Return [X'X | X'y] of a regression, weighted by the width that its residuals have."""
    x = design.features / design.spread[:, None]
    y = design.target / design.spread
    return np.asarray(x.T @ np.column_stack([x, y]), np.float64)


def _scale(design: _Design, weights: Doubles) -> float:
    """Return the robust deviation of the standardised residual, 0 without rows."""
    if not len(design.target):
        return 0.0
    residual = _residual(design, weights)
    low, high = np.quantile(residual, [0.05, 0.95])
    return max(float(high - low) / 3.29, 0.5 * float(np.std(residual)))


def _residual(design: _Design, weights: Doubles) -> Doubles:
    """Return the residuals of a regression, each by the width it has over its gap."""
    return np.asarray((design.target - design.features @ weights) / design.spread, np.float64)
