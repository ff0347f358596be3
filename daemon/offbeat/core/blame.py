"""Which channel an anomaly is about: each kind of anomaly looks for the culprit where it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core import ridge, time_grid
from offbeat.core.commission import Commission
from offbeat.core.explain import Past
from offbeat.core.shape import seen
from offbeat_models.windows import squash

RECENT_ROWS = 16
"""What lasts is looked for in so many of the newest rows."""

_MOST = np.float32(8.0)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Suspects:
    """What speaks against each channel, [C] each, at least 0.

    Attributes:
        level: distance of the newest row, or of the mean of the last rows, from the usual level.
        course: distance from what the readings before led to expect.
        shape: by how much the last ticks would be less strange to the principal components without the channel.
        relation: what the other channels leave unexplained in the last rows.
        model: negative log-likelihood of the newest row.
    """

    level: Floats
    course: Floats
    shape: Floats
    relation: Floats
    model: Floats

    def of_kind(self, kind: str) -> Floats:
        """Return what matters for a kind of anomaly."""
        if kind == "relation":
            return self.relation
        if kind in ("spike", "variance"):
            return self.course
        if kind == "shape":
            return self.course + self.shape + self.model
        return self.level


def suspects(
    commission: Commission,
    row: int,
    past: Past,
    normaliser: tuple[Floats, Floats, float],
    value_nll: Floats | None,
) -> Suspects:
    """Return what speaks against each channel at the newest row of a window.

    Args:
        commission: what was learnt of the group.
        row: the sensor's row in it.
        past: the window up to the row that is spoken of; not empty.
        normaliser: center [C], scale [C] and median gap in seconds of the sensor.
        value_nll: the model's, by channel [C]; NaN or None = it had no say.
    """
    center, scale, unit_seconds = normaliser
    usable = past.mask & (scale > 0)
    z = (past.values.astype(np.float64) - center) / np.where(scale > 0, scale, np.float32(1.0))
    scaled = np.where(usable, np.clip(z, -1e30, 1e30), np.nan).astype(np.float32)
    gap = np.diff(past.times_seconds, prepend=np.nan) / max(unit_seconds, 1e-9)
    shape, relation = _together(commission, row, scaled, gap.astype(np.float32))
    nll = np.zeros(z.shape[1], np.float32) if value_nll is None else np.nan_to_num(value_nll, nan=0.0)
    return Suspects(
        level=_level(scaled),
        course=_course(commission, row, scaled, gap),
        shape=shape,
        relation=relation,
        model=np.clip(nll, np.float32(0.0), _MOST),
    )


def shares(found: Suspects, voices: Mapping[str, float], known: NDArray[np.bool_]) -> Floats:
    """Return how much each channel has to do with it, [C], sum 1; zeros where no channel is known.

    Args:
        found: what speaks against each channel.
        voices: surprise of the loudest stream of each kind of anomaly.
        known: channels that were observed and can be judged [C].
    """
    total = np.where(known, np.float32(1e-6), np.float32(0.0))
    for kind, loud in sorted(voices.items()):
        part = np.where(known, np.square(found.of_kind(kind)), np.float32(0.0))
        if part.sum() > 0:
            total = total + part / part.sum() * np.float32(max(loud, 0.0) ** 2)
    return np.asarray(total / total.sum() if total.sum() > 0 else total, np.float32)


def _level(z: Floats) -> Floats:
    """Return the larger of |z| of the newest row and of the mean of each channel's last values."""
    now = np.abs(np.nan_to_num(squash(z[-1]), nan=0.0))
    recent = squash(z[-RECENT_ROWS:])
    count = np.isfinite(recent).sum(axis=0)
    mean = np.nansum(recent, axis=0) / np.maximum(count, 1)
    return np.asarray(np.maximum(now, np.abs(mean)), np.float32)


def _course(commission: Commission, row: int, z: Floats, gap: NDArray[np.float64]) -> Floats:
    """Return |residual| of the ridge autoregression at the newest row; 0 where it foretells nothing."""
    channels = z.shape[1]
    elapsed = np.cumsum(np.nan_to_num(gap, nan=0.0))
    lags = np.zeros((1, channels, ridge.LAGS), np.float32)
    age, ready = np.zeros((1, channels), np.float32), np.zeros(channels, np.bool_)
    for c in range(channels):
        before = np.flatnonzero(np.isfinite(z[:-1, c]))[-ridge.LAGS :][::-1]
        lags[0, c, : len(before)] = ridge.clip(z[before, c])
        ready[c] = len(before) == ridge.LAGS
        age[0, c] = elapsed[-1] - elapsed[before[0]] if len(before) else 0.0
    index = np.array([row], np.intp)
    last_gap = np.float32(elapsed[-1] - elapsed[-2] if len(elapsed) > 1 else 0.0)
    others = commission.shape.held(index, lags[:, :, 0], age - last_gap)
    expected = commission.ridge.expected(index, lags, ridge.log_gap(age), others)
    residual = (ridge.clip(z[-1]) - expected) / (commission.ridge.scale[index] * ridge.spread(age))
    judged = ready & np.isfinite(z[-1]) & ~commission.constant[row]
    return np.where(judged, np.abs(residual[0]), np.float32(0.0)).astype(np.float32)


def _together(commission: Commission, row: int, z: Floats, gap: Floats) -> tuple[Floats, Floats]:
    """Return the residuals of the principal components and of the relation of channels."""
    learnt = commission.shape
    rows = np.arange(max(len(z) - RECENT_ROWS, 0), len(z))
    glance = time_grid.glances(seen(z, commission.constant[row]), gap / learnt.tick[row], rows)
    index = np.full(len(rows), row, np.intp)
    missing = glance.age > learnt.patience[index]
    shape = learnt.pca.shares_of_distance(row, glance.cells[-1], missing[-1])
    apart = learnt.relation.apart(index, glance.cells[:, : z.shape[1]], missing)
    return shape, np.sqrt(np.square(apart).mean(axis=0)).astype(np.float32)
