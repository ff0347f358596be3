"""A histogram that the hot path can afford: one writer, no locks, no objects of the metrics library."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LONGEST_LABELS = 128
"""Characters that OpenMetrics allows the names and values of an exemplar's labels to have together."""


@dataclass(frozen=True, slots=True)
class Example:
    """One of the values of a bucket, and what it was of.

    Attributes:
        labels: by name.
        value: as it was observed.
        time_seconds: when.
    """

    labels: dict[str, str]
    value: float
    time_seconds: float


class Histogram:
    """Counts of values by bucket. One thread writes; any may read.

    Args:
        bounds: upper bounds of the buckets, ascending, without infinity.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self._edges: NDArray[np.float64] = np.array(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._examples: dict[int, Example] = {}

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self._sum += value

    def observe_many(self, values: ArrayLike) -> None:
        """Count many values at once."""
        array = np.asarray(values, np.float64).reshape(-1)
        found = np.bincount(np.searchsorted(self._edges, array), minlength=len(self._counts))
        # A new list, so that a reader sees either all of them or none.
        self._counts = [old + int(new) for old, new in zip(self._counts, found, strict=True)]
        self._sum += float(array.sum())

    def illustrate(self, example: Example) -> None:
        """Let a value that was counted stand for its bucket; one with too many words is passed over."""
        if sum(len(name) + len(text) for name, text in example.labels.items()) <= LONGEST_LABELS:
            self._examples[bisect_left(self.bounds, example.value)] = example

    def examples(self) -> list[Example | None]:
        """Return the newest example of each bucket, infinity last; None where there is none."""
        return [self._examples.get(i) for i in range(len(self._counts))]

    def cumulative(self) -> tuple[list[tuple[str, float]], float]:
        """Return (upper bound, count up to it) of each bucket, infinity last, and the sum of all values."""
        counts, total = list(self._counts), 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip([*map(repr, self.bounds), "+Inf"], counts, strict=True):
            total += count
            buckets.append((bound, total))
        return buckets, self._sum
