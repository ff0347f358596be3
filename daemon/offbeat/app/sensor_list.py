"""The list of all sensors, searched and sorted: by the thread that asks, on columns that the loop copied for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDERS = ("score", "name", "seen")
"""How a list may be sorted: the strangest first, by name, or the last heard first."""

Place = tuple[int, int]
"""Group and slot."""


@dataclass(frozen=True, slots=True)
class SensorList:
    """All sensors, one group after the other.

    Attributes:
        sizes: sensors of each group.
        ids: names of all.
        is_open: whether an episode is open, bool [n].
        score: float32 [n]; NaN without one.
        seen: log time of the last message, float64 [n]; -inf without one.
    """

    sizes: Sequence[int]
    ids: Sequence[str]
    is_open: NDArray[np.bool_]
    score: NDArray[np.float32]
    seen: NDArray[np.float64]

    def place(self, i: int) -> Place:
        """Return where sensor number i is."""
        for group, size in enumerate(self.sizes):
            if i < size:
                return group, i
            i -= size
        raise IndexError(f"there are {len(self.ids)} sensors")

    def order(self, search: str, only_open: bool, sort: str, reverse: bool) -> list[int]:
        """Return which sensors match, in their order.

        Args:
            search: part of their names, in any case; empty = all.
            only_open: those with an open episode.
            sort: one of `ORDERS`. By score, those with an episode come first, and those without a score last.
            reverse: the other way round.
        """
        keep = self._named(search)
        if only_open:
            keep = keep[self.is_open[keep]]
        order: list[int] = keep[self._sorted(keep, sort)].tolist()
        return order[::-1] if reverse else order

    def _named(self, search: str) -> NDArray[np.intp]:
        if not search:
            return np.arange(len(self.ids))
        part = search.casefold()
        return np.array([i for i, name in enumerate(self.ids) if part in name.casefold()], np.intp)

    def _sorted(self, keep: NDArray[np.intp], sort: str) -> NDArray[np.intp]:
        if sort == "name":
            return np.argsort(np.array([self.ids[i] for i in keep]), kind="stable")
        if sort == "seen":
            return np.argsort(-self.seen[keep], kind="stable")
        score = np.nan_to_num(self.score[keep], nan=-np.inf)
        return np.lexsort((-score, ~self.is_open[keep]))
