"""Principal components of a sensor's last ticks: how strange the course of all its channels together is.

Probabilistic PCA: a few directions of their own variance, and one variance for all the rest. So one number weighs
both what is large along a usual direction and what lies across all of them, and channels that are missing can be
left out exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.time_grid import lags_of

COMPONENTS = 8
FLEET_WINDOWS = 30.0
LEAST_NOISE = 0.05
"""Deviation across the components at least, in scales of the channels: below it nothing is looked for."""

TRIMMED = 0.02
"""Share of the strangest windows that the fit leaves out: recordings hold faults."""

FAR = 3.0
"""Squared distance, in medians, from which a window counts for less in the first fit."""

HALF_OF_LAGS = 0.5
"""A tick counts half after so much of the grid, so that what is over is soon over here too."""

_AT_ONCE = 1 << 18
_FIELDS = ("mean", "basis", "noise")

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pca:
    """Components over rows R of the commission; row 0 = the fleet. D = lags * channels.

    Attributes:
        mean: of each cell, float32 [R, D].
        basis: directions over faded cells, float32 [R, K, D]; the length of each is the root of the share of its
            variance that is not noise.
        noise: deviation across the components, float32 [R]; > 0.
    """

    mean: Floats
    basis: Floats
    noise: Floats

    def distance(self, row: NDArray[np.intp], cells: Floats, missing: Bools) -> Floats:
        """Return the root mean square Mahalanobis distance, about 1 for ordinary windows, float32 [n].

        Args:
            row: rows of the commission [n].
            cells: as `time_grid.Glance` has them [n, D].
            missing: channels that are left out [n, C].
        """
        out, fade = np.empty(len(row), np.float32), _fade(missing.shape[1])
        step = max(_AT_ONCE // (self.basis.shape[1] * self.basis.shape[2]), 1)
        for start in range(0, len(row), step):  # a part of the bases that stays in the processor's cache
            part = slice(start, start + step)
            away = (cells[part] - self.mean[row[part]]) * fade
            along = np.einsum("nkd,nd->nk", self.basis[row[part]], away)
            left = np.einsum("nd,nd->n", away, away) - np.einsum("nk,nk->n", along, along)
            out[part] = np.sqrt(np.maximum(left, 0.0) / np.float32(cells.shape[1])) / self.noise[row[part]]
        some = np.flatnonzero(missing.any(axis=1))
        if len(some):
            out[some] = self._distance_without(row[some], cells[some], missing[some])
        return out

    def _distance_without(self, row: NDArray[np.intp], cells: Floats, missing: Bools) -> Floats:
        """Return the distance in the space of the channels that are there; NaN where none is."""
        kept, basis, weights, away = self._without(row, cells, missing)
        along = np.einsum("nkd,nd->nk", basis, away)
        left = np.einsum("nd,nd->n", away, away) - np.einsum("nk,nk->n", along, weights)
        count = kept.sum(axis=1)
        size = np.sqrt(np.maximum(left, 0.0) / np.maximum(count, 1)) / self.noise[row]
        return np.asarray(np.where(count > 0, size, np.nan), np.float32)

    def shares_of_distance(self, row: int, cells: Floats, missing: Bools) -> Floats:
        """Return by how much the distance of one window shrinks without each channel, float32 [C].

        It is the root of the difference of the squares, in deviations; 0 for missing channels.

        Args:
            row: of the commission.
            cells: [D].
            missing: [C].
        """
        channels = len(missing)
        gone = np.concatenate([missing[None], missing[None] | np.eye(channels, dtype=np.bool_)])
        every = np.repeat(cells[None], channels + 1, axis=0)
        size = self._distance_without(np.full(channels + 1, row, np.intp), every, gone)
        count = (~gone).sum(axis=1) * (len(cells) // channels)
        square = np.nan_to_num(np.square(size), nan=0.0) * count
        return np.where(missing, 0.0, np.sqrt(np.maximum(square[0] - square[1:], 0.0))).astype(np.float32)

    def _without(
        self, row: NDArray[np.intp], cells: Floats, missing: Bools
    ) -> tuple[Bools, Floats, Floats, Floats]:
        """Return which cells count, their bases, the weights of the components and the cells less their mean."""
        kept = np.tile(~missing, (1, cells.shape[1] // missing.shape[1]))
        whole = self.basis[row]
        basis = np.where(kept[:, None, :], whole, np.float32(0.0))
        away = np.where(kept, (cells - self.mean[row]) * _fade(missing.shape[1]), np.float32(0.0))
        along = np.einsum("nkd,nd->nk", basis, away)
        inner = np.einsum("nkd,njd->nkj", basis, basis)
        share = np.einsum("nkd,nkd->nk", whole, whole)
        diagonal = np.arange(inner.shape[1])
        inner[:, diagonal, diagonal] += np.maximum(np.float32(1.0) - share, np.float32(1e-6))
        weights = np.linalg.solve(inner.astype(np.float64), along[:, :, None].astype(np.float64))[:, :, 0]
        return kept, basis, weights.astype(np.float32), away

    def to_tensors(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays under names that begin with `prefix`."""
        return {prefix + name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, prefix: str, tensors: Arrays) -> Self:
        """Rebuild from what `to_tensors` gave."""
        return cls(*(np.ascontiguousarray(tensors[prefix + name], np.float32) for name in _FIELDS))


@cache
def _fade(channels: int) -> Floats:
    """Return what each cell counts, [D]; 1 on the newest tick."""
    lags = lags_of(channels)
    counts = 0.5 ** (np.arange(lags) / (HALF_OF_LAGS * lags))
    return np.repeat(counts, channels).astype(np.float32)


def fit(windows: Sequence[Floats], channels: int) -> Pca:
    """Learn the components of each sensor, held to the fleet's where it has few windows.

    Args:
        windows: cells of each sensor's full grids [n_r, D]; row r + 1 of the result is windows[r].
        channels: C, for the case that there are no sensors.
    """
    size = lags_of(channels) * channels
    moments = [_moments(cells, channels, bound=True) for cells in windows]
    fleet = _fleet([m for m in moments if m.count], size)
    solved = [_components(fleet)]
    for cells, own in zip(windows, moments, strict=True):
        first = _components(_held(own, fleet))
        solved.append(first if own.count < FLEET_WINDOWS else _trimmed(cells, channels, first, fleet))
    return Pca(*(np.stack(part).astype(np.float32) for part in zip(*solved, strict=True)))


_Solved = tuple[Doubles, Doubles, np.float64]


@dataclass(frozen=True, slots=True)
class _Moments:
    count: int
    mean: Doubles
    covariance: Doubles


def _moments(cells: Floats, channels: int, bound: bool = False) -> _Moments:
    """Return mean and covariance of faded cells; with `bound`, windows far out count for no more than others."""
    count, size = cells.shape
    if not count:
        return _Moments(0, np.zeros(size), np.zeros((size, size)))
    mean = cells.mean(axis=0, dtype=np.float64)
    away = (cells - mean.astype(np.float32)) * _fade(channels)
    if bound:
        far = np.einsum("nd,nd->n", away, away)
        usual = FAR * np.float32(np.median(far))
        away *= np.sqrt(usual / np.maximum(far, max(usual, np.float32(1e-12))))[:, None]
    return _Moments(count, mean, (away.T @ away).astype(np.float64) / count)


def _fleet(known: list[_Moments], size: int) -> _Moments:
    """Return the mean of the sensors' moments; without any, cells that know nothing of each other."""
    if not known:
        return _Moments(0, np.zeros(size), np.eye(size))
    mean = np.mean([m.mean for m in known], axis=0)
    covariance = np.zeros((size, size))
    for m in known:
        covariance += (m.covariance + np.outer(m.mean - mean, m.mean - mean)) / len(known)
    return _Moments(len(known), mean, covariance)


def _held(own: _Moments, fleet: _Moments) -> _Moments:
    share = own.count / (own.count + FLEET_WINDOWS)
    return _Moments(
        own.count,
        share * own.mean + (1.0 - share) * fleet.mean,
        share * own.covariance + (1.0 - share) * fleet.covariance,
    )


def _components(moments: _Moments) -> _Solved:
    """Return mean, basis and noise; directions of no more variance than the noise have no length."""
    variance, directions = np.linalg.eigh(moments.covariance)
    variance, directions = np.maximum(variance[::-1], 0.0), directions[:, ::-1].T
    noise = max(float(variance[COMPONENTS:].mean()), LEAST_NOISE**2)
    share = np.clip(1.0 - noise / np.maximum(variance[:COMPONENTS], noise), 0.0, 1.0)
    return moments.mean, directions[:COMPONENTS] * np.sqrt(share)[:, None], np.float64(np.sqrt(noise))


def _trimmed(cells: Floats, channels: int, first: _Solved, fleet: _Moments) -> _Solved:
    """Return what is learnt without the windows that are strangest to a first fit."""
    one = Pca(*(np.asarray(part, np.float32)[None] for part in first))
    nobody = np.zeros((len(cells), channels), np.bool_)
    strange = one.distance(np.zeros(len(cells), np.intp), cells, nobody)
    ordinary = cells[strange <= np.quantile(strange, 1.0 - TRIMMED)]
    return _components(_held(_moments(ordinary, channels), fleet))
