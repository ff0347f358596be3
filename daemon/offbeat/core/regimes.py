"""Lasting changes of sensors: suspected, watched, declared once, and learnt when somebody or time confirms them.

The trailing calibration gets used to whatever lasts, so an episode may close while its sensor is not as it was learnt.
From then on its window is held against that: as long as the two do not agree nothing is learnt, and what stands still
somewhere else for long enough is a change of regime.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.normalisers import UNKNOWN, Normalisers
from offbeat.core.windows import WindowSlice

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Slots = NDArray[np.intp]

NONE, SUSPECT, OFF, DECLARED, LEARNT, FAULT = range(6)
"""As learnt; an episode has just closed; not as learnt; that was told of, was learnt, is called a fault by somebody."""

FAR = 2.0
"""Scales from the middle beyond which a whole window is not as it was learnt. A sine's crest is 1.7 from its middle."""
NEAR = 1.0
"""Scales from the middle within which it is as it was learnt, where two laws are to be told apart."""
WIDER = 2.0
"""And so many times wider than learnt it is another one. A window that is narrower shows part of a slow swing."""
SLOWER = 2.0
"""Times as long, or as short, as usual gaps are on the mean where a pace is another one ..."""
AT_PACE = 1.5
"""... and where it still is the same."""
STANDS = 0.5
"""What has moved on by no more, in scales, stands: a drift of a scale a day never does for a day, a slow swing does."""
_WIDTH = 3.29
"""Deviations between the 5th and the 95th percentile."""


class Regimes:
    """The newest lasting change of each sensor of a group.

    Args:
        sensors: slots to make room for.
    """

    def __init__(self, sensors: int) -> None:
        self.phase = np.zeros(sensors, np.int8)
        self.track = np.zeros(sensors, np.int8)
        """On which track the episode was told of."""
        self.since = np.full(sensors, -np.inf)
        """When it began: the start of the episode."""
        self.stands_since = np.full(sensors, np.inf)
        """Since when it has not moved on ..."""
        self.stands_at = np.zeros(sensors, np.float32)
        """... from so many scales off."""
        self.declared = np.full(sensors, np.inf)
        """When it was told of."""
        self.back_since = np.full(sensors, np.inf)
        """Since when a sensor whose change was learnt has been as it was commissioned; inf = it is not."""
        self.learnt = np.zeros(sensors, np.bool_)
        """It is scaled by what it has become, no longer as it was commissioned, by this change or an earlier one."""

    def suspect(self, slot: int, track: int, since: float) -> None:
        """Note that an episode of a sensor has closed; one that is watched already stays so."""
        if self.phase[slot] in (NONE, LEARNT):
            self._begin(slot, SUSPECT, track, since)

    def declare(self, slot: int, track: int, since: float, now: float) -> None:
        """Note that a lasting change was told of."""
        if self.phase[slot] not in (OFF, FAULT):
            self._begin(slot, DECLARED, track, since)
        self.phase[slot], self.declared[slot] = DECLARED, now
        self.stands_since[slot] = min(self.stands_since[slot], now)

    def call_fault(self, slot: int) -> None:
        """Note that somebody calls the change a fault: it is never learnt."""
        self.phase[slot] = FAULT

    def drop(self, slot: Slots | int) -> None:
        """Forget the change of sensors."""
        self.phase[slot] = NONE
        self.since[slot] = -np.inf
        self.stands_since[slot] = self.declared[slot] = np.inf
        self.stands_at[slot] = 0.0

    def watched(self) -> Slots:
        """Return the sensors whose window is to be held against what was learnt: they may change, or change back."""
        return np.flatnonzero(self.changing(np.arange(len(self.phase))) | self.learnt)

    def changing(self, slot: Slots) -> Bools:
        """Return which sensors may be changing now, or have changed and that was not learnt yet."""
        return np.asarray((self.phase[slot] != NONE) & (self.phase[slot] != LEARNT), np.bool_)

    def stand(self, slot: Slots, distance: Floats, now: float) -> None:
        """Note how far off sensors are now: one that has moved on stands there from now on only."""
        moved = distance > self.stands_at[slot] + np.float32(STANDS)
        self.stands_at[slot[moved]] = distance[moved]
        self.stands_since[slot[moved]] = now

    def go_back(self, slot: Slots, is_back: Bools, now: float) -> NDArray[np.float64]:
        """Note which sensors are as they were commissioned; return for how many seconds they have been, float64 [n]."""
        since = np.where(is_back, np.minimum(self.back_since[slot], now), np.inf)
        self.back_since[slot] = since
        return np.where(is_back, now - since, 0.0)

    def take_back(self, slot: Slots | int) -> None:
        """Note that what the commission knows of sensors counts again."""
        self.learnt[slot] = False
        self.back_since[slot] = np.inf

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...]; views, not copies."""
        return {
            "regime_phase": self.phase,
            "regime_track": self.track,
            "regime_since": self.since,
            "regime_stands_since": self.stands_since,
            "regime_stands_at": self.stands_at,
            "regime_declared": self.declared,
            "regime_back_since": self.back_since,
            "regime_learnt": self.learnt,
        }

    def _begin(self, slot: int, phase: int, track: int, since: float) -> None:
        self.drop(slot)
        self.phase[slot], self.track[slot], self.since[slot] = phase, track, since


def middle_and_width(values: Floats) -> tuple[Floats, Floats]:
    """Return middle and width, as a scale, of rows [n, L, C], NaN where not observed, float32 [n, C] each."""
    ordered = np.sort(values, axis=1)  # NaN sorts to the end
    count = np.isfinite(ordered).sum(axis=1)
    low, middle, high = (_order_statistic(ordered, count, share) for share in (0.05, 0.5, 0.95))
    return middle, np.asarray((high - low) / np.float32(_WIDTH), np.float32)


def off_by(values: Floats, center: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return how far the middles of windows are from what was learnt, in scales, and how much wider they are.

    The channel that is worst counts, float32 [n] each.

    Args:
        values: rows of the windows [n, L, C]; NaN where not observed.
        center: learnt of each channel [n, C]; `scale` likewise.
        scale: above 0.
    """
    middle, width = middle_and_width(values)
    far = np.nan_to_num(np.abs(middle - center) / scale, nan=0.0)
    wider = np.nan_to_num(width / scale, nan=0.0)
    return np.asarray(far.max(axis=1), np.float32), np.asarray(wider.max(axis=1), np.float32)


def not_as_learnt(
    normalisers: Normalisers, slot: Slots, windows: WindowSlice, far: float
) -> tuple[Bools, Floats]:
    """Return which sensors are not as they were learnt, and by how much.

    Args:
        normalisers: what was learnt.
        slot: sensors [n].
        windows: their newest rows.
        far: scales that the middle of a window may be off.
    """
    known = normalisers.stage[slot] != UNKNOWN
    scale = np.where(known[:, None], normalisers.scale[slot], np.float32(1.0))
    middle_off, wider = off_by(_observed(windows), normalisers.center[slot], scale)
    off = ((middle_off > far) | (wider > WIDER)) & known
    return np.asarray(off, np.bool_), np.maximum(middle_off, wider)


def as_commissioned(commission: Commission, row: Slots, windows: WindowSlice) -> Bools:
    """Return which sensors are as the commission knows them, bool [n]: by their values, and by their pace.

    Args:
        commission: what was learnt of the group.
        row: of the sensors in it [n]; of strangers, 0, it knows nothing.
        windows: their newest rows.
    """
    scale = np.where(commission.scale[row] > 0, commission.scale[row], np.float32(1.0))
    middle_off, wider = off_by(_observed(windows), commission.center[row], scale)
    same = (middle_off <= FAR) & (wider <= WIDER)
    same &= ~another_pace(middle_gap(windows), commission.gap_unit_seconds[row], AT_PACE)
    return np.asarray((row > 0) & same, np.bool_)


def middle_gap(windows: WindowSlice) -> Doubles:
    """Return the middle of the times between the rows of each window, float64 [n]; NaN with less than two rows."""
    gaps = np.diff(windows.times_seconds, axis=1)
    inside = np.arange(1, windows.times_seconds.shape[1]) < windows.lengths[:, None]
    ordered = np.sort(np.where(inside, gaps, np.nan), axis=1)[:, :, None]
    return np.asarray(_order_statistic(ordered, inside.sum(axis=1)[:, None], 0.5)[:, 0], np.float64)


def another_pace(gap: Doubles, usual: Doubles, times: float) -> Bools:
    """Return where a gap is so many times as long or as short as usual; where either is not known it is not."""
    return np.asarray((gap > usual * times) | (gap < usual / times), np.bool_)


def _observed(windows: WindowSlice) -> Floats:
    """Return the values of windows, float32 [n, L, C]; NaN where none was observed."""
    inside = np.arange(windows.mask.shape[1]) < windows.lengths[:, None]
    return np.where(windows.mask & inside[:, :, None], windows.values, np.float32(np.nan))


def _order_statistic(ordered: Floats, count: NDArray[np.intp], share: float) -> Floats:
    at = np.floor(share * np.maximum(count - 1, 0) + 0.5).astype(np.intp)
    return np.asarray(np.take_along_axis(ordered, at[:, None, :], axis=1)[:, 0, :], np.float32)
