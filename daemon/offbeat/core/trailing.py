"""The trailing calibration: what the last weeks say about a fused surprise. Its p-value opens episodes.

Each (sensor, track) has a histogram that forgets: instead of fading every bin at every row, the weight of a
new row grows. Beyond the histogram's 98th percentile the law is one of bouts: how often one begins and how far
one goes, on an exponential tail that leans on what the commission learnt. The threshold stands still for 200 rows
between refits: a slow fault would else be learnt as fast as it grows, and never be improbable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bouts import Bouts
from offbeat.core.calibration import CAP, FrozenCalibration
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore

BINS = 96
WINDOW_ROWS = 4000.0
"""Rows remembered, or as many as the commission learnt from if that is more."""

UNKNOWN_ROWS = 200.0
"""Rows that the fleet's law counts as for a sensor the commission does not know."""

REFIT_ROWS = 200
TAIL_SHARE = 0.02
"""A mean of surprises has a tail that is the steeper the further out one looks: it is fitted as far out as can be."""

TAIL_SCALE = 1.0 / np.log(10.0)
"""Scale of the tail of a single surprise whose calibration is right: no mean of them has a wider one."""

CALM_SHARE = TAIL_SHARE * 10.0 ** EpisodeRules().margin
"""Rows less strange than this share of all are calm."""

FAR = 4.0
"""Usual reaches. One bout in 50 goes further; what does is kept out of the histogram ..."""

HELD_ROWS = 100.0
"""... for so many rows of a bout. A fault is not ordinary when it comes again, a change that lasts is."""

LEAST_P = 1e-30
"""No bout is said to be less likely: the surprise that opens and escalates episodes is 30 at most."""

_HEAVIEST = 1e4
_LEAST_SCALE = 0.02

_EDGES = (CAP * (np.arange(BINS + 1) / BINS) ** 2).astype(np.float32)
_ABOVE = np.triu(np.ones((BINS, BINS), np.float32), k=1)

Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]


class TrailingCalibration:
    """Law of the fused surprise over (slot, track), refitted as rows come, with exponential forgetting.

    A sensor starts from the commission's law of its row as if those rows had been seen before. Rows are
    judged before they are learnt.

    Args:
        commission: with calibrated tracks; gives each row's starting law. Without, every p-value is NaN.
        sensors: slots to make room for.
    """

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._law = commission.alarm
        tracks = 0 if self._law is None else self._law.body.shape[1]
        runs = commission.alarm_run
        rows = len(commission.rows_per_week)
        self._usual_length = np.ones((rows, tracks), np.float32) if runs is None else runs
        shape = (sensors, tracks)
        self._histogram = np.zeros((*shape, BINS), np.float32)
        self._weight = np.zeros(shape, np.float32)
        self._total = np.zeros(shape, np.float32)
        self._growth = np.zeros(shape, np.float32)
        self._threshold = np.zeros(shape, np.float32)
        self._share = np.zeros(shape, np.float32)
        self._calm_below = np.zeros(shape, np.float32)
        self._bouts = Bouts(shape)
        self._rows = np.zeros(shape, np.uint8)

    def p_value(self, sensor: Slots, row: Slots, fused: Floats) -> Doubles:
        """Return the chance that a bout as strange begins at a row, float64 [n, Q]; NaN stays NaN. Learns nothing.

        Args:
            sensor: slots [n], each at most once.
            row: rows of the commission [n]; where a sensor that is new here starts from.
            fused: g [n, Q].
        """
        if self._law is None:
            return np.full(fused.shape, np.nan)
        self._start(sensor, row)
        threshold = self._threshold[sensor]
        inside = np.fmin(fused, threshold)
        place = _bin(inside)
        histogram = self._histogram[sensor]
        above = np.einsum("nqb,nqb->nq", histogram, _ABOVE[place])
        share = (inside - _EDGES[place]) / (_EDGES[place + 1] - _EDGES[place])
        here = self._histogram[sensor[:, None], np.arange(place.shape[1]), place]
        weight, total = self._weight[sensor], self._total[sensor]
        # Half a row above everything seen: the largest of N rows is no proof of a chance below 1 in 2 N.
        chance = (above + (1 - share) * here + 0.5 * weight).astype(np.float64) / (total + 0.5 * weight)
        chance = np.where(fused > threshold, np.minimum(chance, self._share[sensor]), chance)
        depth = np.maximum(fused - inside, 0.0) / self._bouts.reach[sensor]
        begins = chance / self._bouts.length[sensor]
        p: Doubles = np.clip(begins * np.exp(-depth.astype(np.float64)), LEAST_P, 1.0)
        return np.where(np.isnan(fused), np.nan, p)

    def update(self, sensor: Slots, row: Slots, fused: Floats) -> None:
        """Learn a round in which each sensor stands at most once.

        Args:
            sensor: slots [n].
            row: rows of the commission [n].
            fused: g [n, Q]; NaN is not learnt.
        """
        if self._law is None or not len(sensor):
            return
        self._start(sensor, row)
        excess = fused - self._threshold[sensor]
        held = (excess > FAR * self._bouts.reach[sensor]) & (self._bouts.rows(sensor) < HELD_ROWS)
        self._bouts.update(sensor, excess, fused < self._calm_below[sensor])
        at, track = np.nonzero(~(np.isnan(fused) | held))
        slot = sensor[at]
        weight = self._weight[slot, track]
        self._histogram[slot, track, _bin(fused[at, track])] += weight
        self._total[slot, track] += weight
        self._weight[slot, track] = grown = weight * self._growth[slot, track]
        self._rows[slot, track] = rows = self._rows[slot, track] + np.uint8(1)
        if grown.max(initial=0.0) > _HEAVIEST:
            heavy = grown > _HEAVIEST
            self._lighten(slot[heavy], track[heavy])
        due = rows >= REFIT_ROWS
        if due.any():
            self._refit(slot[due], track[due])

    def _start(self, sensor: Slots, row: Slots) -> None:
        """Give sensors that are new here the commission's law of their row."""
        new = self._weight[sensor, 0] == 0
        if not new.any() or self._law is None:
            return
        slot, row = sensor[new], row[new]
        tracks = self._law.body.shape[1]
        chance = _chances(self._law, row)
        known = self._law.count[row]
        rows = np.maximum(known, WINDOW_ROWS) / 2
        count = np.where(row[:, None] == 0, UNKNOWN_ROWS, np.minimum(known, rows)).astype(np.float32)
        self._histogram[slot] = (chance[:, :, :-1] - chance[:, :, 1:]) * count[:, :, None]
        self._total[slot] = self._histogram[slot].sum(axis=2)
        self._weight[slot] = 1.0
        # An exponential memory of half the rows has the mean age of a window of all of them.
        self._growth[slot] = 1.0 / (1.0 - 1.0 / rows)
        mean_excess = self._law.sigma[row] / (1.0 - self._law.xi[row])
        self._bouts.start(slot, self._usual_length[row], np.clip(mean_excess, _LEAST_SCALE, TAIL_SCALE))
        for track in range(tracks):
            self._refit(slot, np.full(len(slot), track))

    def _lighten(self, slot: Slots, track: Slots) -> None:
        """Bring grown weights back to 1, so that float32 goes on holding them."""
        weight = self._weight[slot, track]
        self._histogram[slot, track] /= weight[:, None]
        self._total[slot, track] = self._histogram[slot, track].sum(axis=1)
        self._weight[slot, track] = 1.0

    def _refit(self, slot: Slots, track: Slots) -> None:
        """Place the threshold above the 98th percentile, and what is calm."""
        histogram = self._histogram[slot, track]
        above = histogram[:, ::-1].cumsum(axis=1)[:, ::-1]
        share = above / np.maximum(above[:, :1], 1e-30)
        place = _first(share <= TAIL_SHARE)
        weight = self._weight[slot, track]
        beyond = np.where(place < BINS, above[np.arange(len(slot)), np.minimum(place, BINS - 1)], 0.0)
        self._share[slot, track] = (beyond + 0.5 * weight) / (above[:, 0] + 0.5 * weight)
        self._threshold[slot, track] = _EDGES[place]
        self._calm_below[slot, track] = _EDGES[_first(share <= CALM_SHARE)]
        self._rows[slot, track] = 0

    def reset(self, sensor: Slots) -> None:
        """Forget these sensors: they start again from the commission."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...], for snapshots; views, not copies."""
        own: dict[str, NDArray[Any]] = {
            "histogram": self._histogram,
            "weight": self._weight,
            "total": self._total,
            "growth": self._growth,
            "threshold": self._threshold,
            "share": self._share,
            "calm_below": self._calm_below,
            "rows": self._rows,
        }
        return own | self._bouts.arrays()

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def _first(true: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first place of each line that is true, or the number of places."""
    return np.asarray(np.where(true.any(axis=1), np.argmax(true, axis=1), true.shape[1]), np.intp)


def _bin(fused: Floats) -> NDArray[np.intp]:
    """Return the bin of each fused surprise; bins grow with its square, so that small ones are told apart."""
    place = np.sqrt(np.maximum(np.nan_to_num(fused), 0.0) * np.float32(1.0 / CAP)) * np.float32(BINS)
    return np.minimum(place, BINS - 1).astype(np.intp)


def _chances(law: FrozenCalibration, row: Slots) -> Floats:
    """Return the chance of more than each edge, float32 [n, Q, BINS + 1].

    Where nothing is known it is what a right calibration would give.
    """
    shape = (len(row), len(_EDGES), law.body.shape[1])
    at = np.broadcast_to(_EDGES[:, None], shape).reshape(-1, shape[2])
    surprise = law.surprise(np.repeat(row, len(_EDGES)), at)
    chance = 10.0 ** -np.where(np.isnan(surprise), at, surprise)
    return np.asarray(chance.reshape(shape).transpose(0, 2, 1), np.float32)
