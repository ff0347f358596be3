"""Bouts: rows that are strange together. A false alert is a bout, not a row, so the law of alarms is theirs.

A bout begins with a row beyond the 98th percentile and ends after as many calm rows as an episode. But calm is less
here: an episode's rows are measured against its own threshold, far out where the budget is small, and have to span some
seconds; a bout's against the 94th percentile, for there are few episodes to learn from and many bouts. How long it was
and how far its strangest row went are each kept as a mean that forgets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.streams.base import Floats

MEMORY = 50.0
"""Bouts remembered."""

PRIOR = 20.0
"""Bouts that what was known before counts for."""

MOST = 5.0
"""Usual lengths and usual reaches. One in 150 ordinary bouts is longer, or goes further; a fault does both, and must
not make the sensor deaf."""

CLOSE_ROWS = EpisodeRules().close_rows

Slots = NDArray[np.intp]


class Bouts:
    """Length and reach of the bouts of each (slot, track).

    Args:
        shape: slots and tracks to make room for.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.length = np.ones(shape, np.float32)
        """Mean rows beyond the threshold in a bout; at least 1."""
        self.reach = np.ones(shape, np.float32)
        """Mean distance from the threshold to the strangest row."""
        self._known = np.zeros(shape, np.float32)
        self._furthest = np.zeros(shape, np.float32)
        self._rows = np.zeros(shape, np.float32)
        self._calm = np.zeros(shape, np.uint8)

    def start(self, slot: Slots, length: Floats, reach: Floats) -> None:
        """Begin with what is usual, [n, Q] each."""
        self.length[slot], self.reach[slot] = np.maximum(length, 1.0), reach
        self._known[slot] = PRIOR
        for array in (self._furthest, self._rows, self._calm):
            array[slot] = 0

    def update(self, slot: Slots, excess: Floats, calm: NDArray[np.bool_]) -> None:
        """Take a round in.

        Args:
            slot: none twice [n].
            excess: distance of each row from the threshold, [n, Q]; not above 0 within it, NaN = no opinion.
            calm: whether the row is less strange than the 94th percentile [n, Q].
        """
        at, track = np.nonzero((self._rows[slot] > 0) | (excess > 0))
        if not len(at):
            return
        here = (slot[at], track)
        beyond = np.fmax(excess[at, track], np.float32(0.0))
        self._furthest[here] = np.maximum(self._furthest[here], beyond)
        self._rows[here] += beyond > 0
        told = ~np.isnan(excess[at, track])
        self._calm[here] = np.where(
            calm[at, track], self._calm[here] + 1, np.where(told, 0, self._calm[here])
        )
        over = self._calm[here] >= CLOSE_ROWS
        if over.any():
            self._learn(slot[at[over]], track[over])

    def rows(self, slot: Slots) -> Floats:
        """Return how many rows of the bout that is going on were beyond the threshold, [n, Q]; 0 = none is."""
        rows: Floats = self._rows[slot]
        return rows

    def _learn(self, slot: Slots, track: Slots) -> None:
        """Take bouts that are over into the means."""
        here = (slot, track)
        self._known[here] = known = np.minimum(self._known[here] + 1, MEMORY)
        length, reach = self.length[here], self.reach[here]
        self.length[here] = length + (np.minimum(self._rows[here], MOST * length) - length) / known
        self.reach[here] = reach + (np.minimum(self._furthest[here], MOST * reach) - reach) / known
        for array in (self._furthest, self._rows, self._calm):
            array[here] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, Q]; views, not copies."""
        return {
            "bout_length": self.length,
            "bout_reach": self.reach,
            "bout_known": self._known,
            "bout_furthest": self._furthest,
            "bout_rows": self._rows,
            "bout_calm": self._calm,
        }
