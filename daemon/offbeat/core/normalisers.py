"""How each sensor's values and gaps are scaled: as commissioned, or provisionally from its own first rows.

A sensor the commission does not know gets a normaliser from its first rows, and once more, for good, from its
first full window: what it reads in its first minutes is rarely all that it does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.holds import Holds
from offbeat.core.windows import Windows
from offbeat_models.windows import robust_center_scale

Floats = NDArray[np.float32]
Slots = NDArray[np.intp]

UNKNOWN, PROVISIONAL, COMMISSIONED = 0, 1, 2
CONSTANT_SHARE = 0.05
"""Scale of a channel that did not move in the first rows: so much of the fleet's, or of its center without one."""

LEAST_SHARE = 1e-6
"""Scale of a channel at least, as a share of its center."""


class Normalisers:
    """Center, scale, gap unit and rate by slot.

    A scale of 0 is not known: the channel is not judged.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
        first_rows: rows a provisional normaliser is learnt from.
    """

    def __init__(self, commission: Commission, sensors: int, first_rows: int) -> None:
        channels = len(commission.channels)
        self._commission = commission
        self._first_rows = first_rows
        self.stage = np.zeros(sensors, np.int8)
        self.frozen = np.zeros(sensors, np.bool_)
        self.center = np.zeros((sensors, channels), np.float32)
        self.scale = np.zeros((sensors, channels), np.float32)
        self.still = np.zeros((sensors, channels), np.bool_)
        """Channels that never moved when they were commissioned, nor when they were learnt again."""
        self._least_scale = np.zeros((sensors, channels), np.float32)
        """As commissioned: what a sensor that has changed shows in a window may be a part of a slow swing only."""
        self.unit_seconds = np.zeros(sensors, np.float64)
        self.rows_per_week = np.zeros(sensors, np.float64)

    def commission(self, slot: Slots, row: Slots) -> None:
        """Set sensors to what the commission knows; rows of 0 stay unknown."""
        known = row > 0
        slot, row = slot[known], row[known]
        self.stage[slot] = COMMISSIONED
        self.frozen[slot] = True
        self.center[slot] = self._commission.center[row]
        self.scale[slot] = self._least_scale[slot] = self._commission.scale[row]
        self.still[slot] = self._commission.constant[row]
        self.unit_seconds[slot] = self._commission.gap_unit_seconds[row]
        self.rows_per_week[slot] = self._commission.rows_per_week[row]

    def learn_again(self, slot: Slots, windows: Windows, holds: Holds) -> Slots:
        """Learn the provisional normalisers of sensors with a full window for good; return which these are.

        Args:
            slot: sensors, none twice.
            windows: of the group, before the rows that are to be scaled by the result.
            holds: what is not to be learnt; half of the window must be left.
        """
        full = windows.counts[slot] >= windows.readings
        slot = slot[(self.stage[slot] == PROVISIONAL) & ~self.frozen[slot] & full]
        slot = slot[~holds.held(slot)] if len(slot) else slot
        least = max(self._first_rows, windows.readings // 2)
        learnt = self._learn(slot, windows, holds, least, windows.readings)
        self.frozen[learnt] = True
        return learnt

    def learn(self, slot: Slots, windows: Windows, holds: Holds) -> None:
        """Learn provisional normalisers of sensors whose windows hold enough rows.

        Args:
            slot: sensors without a normaliser, none twice.
            windows: of the group, the newest rows already in it.
            holds: what is not to be learnt.
        """
        slot = slot[(windows.counts[slot] >= self._first_rows) & ~holds.held(slot)]
        learnt = self._learn(slot, windows, holds, self._first_rows, self._first_rows)
        self.frozen[learnt] = self._first_rows >= windows.readings

    def forget(self, slot: Slots) -> None:
        """Let sensors be unknown again: what they are is learnt anew from their windows."""
        self.stage[slot] = UNKNOWN
        self.frozen[slot] = False

    def _learn(self, slot: Slots, windows: Windows, holds: Holds, least: int, most: int) -> Slots:
        """Learn from the oldest rows of each window that may be learnt; return the sensors that had enough of them."""
        if not len(slot):
            return slot
        past = windows.latest(slot, windows.readings)
        free = holds.free(slot, past.times_seconds)
        free &= np.arange(free.shape[1]) < past.lengths[:, None]
        enough = np.flatnonzero(np.count_nonzero(free, axis=1) >= least)
        for i in enough.tolist():
            rows = np.flatnonzero(free[i])[:most]
            self._learn_one(
                int(slot[i]), past.times_seconds[i, rows], past.values[i, rows], past.mask[i, rows]
            )
        learnt: Slots = slot[enough]
        self.stage[learnt] = PROVISIONAL
        return learnt

    def _learn_one(
        self, slot: int, times: NDArray[np.float64], values: Floats, mask: NDArray[np.bool_]
    ) -> None:
        fleet = self._commission
        for c in range(values.shape[1]):
            seen = values[mask[:, c], c].astype(np.float64)
            if not len(seen):
                # Scaled by the fleet until something better is learnt at the next commissioning.
                self.center[slot, c], self.scale[slot, c] = fleet.center[0, c], fleet.scale[0, c]
                continue
            center, scale = robust_center_scale(seen)
            scale = scale or CONSTANT_SHARE * (float(fleet.scale[0, c]) or abs(center) or 1.0)
            self.center[slot, c] = center
            self.still[slot, c] &= bool((seen == seen[0]).all())
            self.scale[slot, c] = max(scale, LEAST_SHARE * abs(center), self._least_scale[slot, c], 1e-30)
        gaps = np.diff(times)
        gaps = gaps[gaps > 0]
        self.unit_seconds[slot] = float(np.median(gaps)) if len(gaps) else fleet.gap_unit_seconds[0]
        self.rows_per_week[slot] = WEEK_SECONDS / gaps.mean() if len(gaps) else fleet.rows_per_week[0]

    def applies(self, slot: Slots, age_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows are scaled. Rows that a provisional normaliser was learnt from are not, bool [n].

        Args:
            slot: sensor of each row [n].
            age_rows: how many rows of its sensor came before each row [n].
        """
        stage = self.stage[slot]
        old_enough = age_rows >= self._first_rows
        return np.asarray((stage == COMMISSIONED) | ((stage == PROVISIONAL) & old_enough), np.bool_)

    def known(self, slot: Slots, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return where a value was observed that there is a scale for, shape of `mask`, [n, C] or [n, L, C]."""
        scale = self.scale[slot]
        return np.asarray(mask & ((scale[:, None] if mask.ndim == 3 else scale) > 0), np.bool_)

    def normalise(self, slot: Slots, values: Floats, known: NDArray[np.bool_]) -> Floats:
        """Return robust z-scores, float32, shape of `values`; 0 where not `known`. Not squashed.

        Args:
            slot: sensors [n].
            values: as measured [n, C] or [n, L, C].
            known: where a value was observed and its normaliser applies.
        """
        lead = (slice(None), None) if values.ndim == 3 else (slice(None),)
        center, scale = self.center[slot][lead], self.scale[slot][lead]
        z = (values.astype(np.float64) - center) / np.where(scale > 0, scale, np.float32(1.0))
        return np.where(known, np.clip(z, -1e30, 1e30), 0.0).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...]; views, not copies."""
        return {
            "stage": self.stage,
            "frozen": self.frozen,
            "center": self.center,
            "scale": self.scale,
            "still": self.still,
            "unit_seconds": self.unit_seconds,
            "rows_per_week": self.rows_per_week,
        }
