"""How the channels of a sensor go together at one moment: each against what all the others tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats

FLEET_ROWS = 30.0
LEAST_DEVIATION = 0.1
"""Deviation of a channel given the others at least, in its scales: a closer relation is not believed."""

LARGEST = np.float32(8.0)

_FIELDS = ("mean", "precision")

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Relation:
    """A Gaussian over channels, by row R of the commission; row 0 = the fleet.

    Attributes:
        mean: float32 [R, C].
        precision: inverse covariance, float32 [R, C, C].
    """

    mean: Floats
    precision: Floats

    def residual(self, row: NDArray[np.intp], value: Floats, missing: Bools) -> Floats:
        """Return each channel's distance from what the others tell, bounded to +-8, float32 [n, C].

        One wild value may not fill a whole horizon. For arguments see `apart`.
        """
        return np.clip(self.apart(row, value, missing), -LARGEST, LARGEST)

    def apart(self, row: NDArray[np.intp], value: Floats, missing: Bools) -> Floats:
        """Return each channel's signed distance from what the others tell, in deviations that remain, [n, C].

        It is 0 for missing channels, which tell nothing of the others either.

        Args:
            row: rows of the commission [n].
            value: last value of every channel [n, C].
            missing: channels whose last value is too old to go by [n, C].
        """
        precision = self.precision[row]
        away = np.where(missing, np.float32(0.0), value - self.mean[row])
        some = np.flatnonzero(missing.any(axis=1))
        if len(some):
            away[some] = _completed(precision[some], away[some], missing[some])
        pull = np.einsum("ncd,nd->nc", precision, away)
        # Channels that are missing widen what the others leave open; their precision is taken as it is without
        # them only where it is needed, because it costs an inversion.
        own = np.einsum("ncc->nc", precision).copy()
        if len(some):
            own[some] = _marginal(precision[some], missing[some])
        return np.where(missing, np.float32(0.0), pull / np.sqrt(own)).astype(np.float32)

    def completed(self, row: NDArray[np.intp], value: Floats, missing: Bools) -> Floats:
        """Return the values with those of missing channels replaced by what the others tell of them, float32 [n, C].

        For arguments see `apart`.
        """
        some = np.flatnonzero(missing.any(axis=1))
        if not len(some):
            return value
        away = np.where(missing, np.float32(0.0), value - self.mean[row])[some]
        out = value.copy()
        guess = self.mean[row[some]] + _completed(self.precision[row[some]], away, missing[some])
        out[some] = np.where(missing[some], guess, value[some])
        return out

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        return {prefix + name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        return cls(*(np.ascontiguousarray(tensors[prefix + name], np.float32) for name in _FIELDS))


def _of_missing(precision: Floats, missing: Bools) -> Doubles:
    """Return the precision among missing channels; ones on the diagonal of the others, [n, C, C]."""
    both = missing[:, :, None] & missing[:, None, :]
    inner = np.where(both, precision, np.float32(0.0)).astype(np.float64)
    diagonal = np.arange(inner.shape[1])
    inner[:, diagonal, diagonal] += ~missing
    return inner


def _completed(precision: Floats, away: Floats, missing: Bools) -> Floats:
    """Return the channels with the missing ones where the others expect them: as if they were not there."""
    pull = np.einsum("ncd,nd->nc", precision, away).astype(np.float64)
    pull[~missing] = 0.0
    guess = np.linalg.solve(_of_missing(precision, missing), -pull[:, :, None])[:, :, 0]
    return np.where(missing, guess, away).astype(np.float32)


def _marginal(precision: Floats, missing: Bools) -> Floats:
    """Return each channel's precision given the others that are there, [n, C]; > 0."""
    across = np.where(missing[:, :, None] & ~missing[:, None, :], precision, np.float32(0.0)).astype(
        np.float64
    )
    explained = np.einsum("ncd,ncd->nd", across, np.linalg.solve(_of_missing(precision, missing), across))
    own = np.einsum("ncc->nc", precision)
    return np.asarray(np.maximum(own - explained, 1e-6), np.float32)


def fit(rows: Sequence[Floats], channels: int) -> Relation:
    """Learn the relations of each sensor, held to the fleet's where it has few rows.

    Args:
        rows: last values of every channel at each sensor's rows [n_r, C]; row r + 1 of the result is rows[r].
        channels: C, for the case that there are no sensors.
    """
    known = [sample.astype(np.float64) for sample in rows if len(sample)]
    nobody = np.zeros(channels)
    mean = np.mean([x.mean(axis=0) for x in known], axis=0) if known else nobody
    cross = np.mean([x.T @ x / len(x) for x in known], axis=0) if known else np.eye(channels)
    means, precisions = [mean], [_precision(cross - np.outer(mean, mean))]
    for sample in rows:
        x, share = sample.astype(np.float64), len(sample) / (len(sample) + FLEET_ROWS)
        own = x.mean(axis=0) if len(x) else nobody
        spread = (x - own).T @ (x - own) / max(len(x), 1)
        means.append(share * own + (1.0 - share) * mean)
        precisions.append(_precision(share * spread + (1.0 - share) * (cross - np.outer(mean, mean))))
    return Relation(np.stack(means).astype(np.float32), np.stack(precisions).astype(np.float32))


def _precision(covariance: Doubles) -> Doubles:
    inverse = np.linalg.inv(covariance + np.eye(len(covariance)) * LEAST_DEVIATION**2)
    return np.asarray((inverse + inverse.T) / 2.0)
