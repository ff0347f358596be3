"""The cadence of sensors: each one's law of gaps, learned as it reports, and what silence means under it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.rows import Rows

Slots = NDArray[np.intp]
Doubles = NDArray[np.float64]

BINS = 64
"""Bins of a law, evenly spaced in the logarithm; a bin is 40 % wide and remembers the mean within it."""

SHORTEST_GAP_SECONDS = 1e-3
LONGEST_GAP_SECONDS = 30 * 86_400.0

HALF_LIFE_SECONDS = 7 * 86_400.0
HALF_LIFE_GAPS = (1 << 10, 1 << 20)
"""A gap's weight halves in a week, but in no fewer and no more gaps than these."""

_LOW = np.log(SHORTEST_GAP_SECONDS)
_WIDTH = (np.log(LONGEST_GAP_SECONDS) - _LOW) / BINS
_EDGES = _LOW + _WIDTH * np.arange(BINS)
_TICKS = 1 << 40  # of the clock of forgetting, in one half-life: integers, so that batches do not matter
_SCALE_AT = 32  # half-lives after which weights are scaled back, by a power of two and thus without rounding

_PRIOR_GAPS = 10.0  # weight of the prior tail, in gaps
_MANY_GAPS = 50.0  # from here on long pauses that were never seen are taken for less likely
_TAIL_BOUNDS = (0.2, 1.0)  # extreme-value index: no law is trusted to end sharply, none to have no mean


class Cadence:
    """Laws of gaps as arrays over sensors: log histograms that forget exponentially.

    Args:
        sensors: largest number of sensors of the group.
    """

    def __init__(self, sensors: int) -> None:
        self.sensors = sensors
        self._weights = np.zeros((sensors, BINS), np.float32)
        self._logs = np.zeros((sensors, BINS), np.float32)  # weighted log gaps above each bin's edge
        self._seconds = np.zeros(sensors, np.float64)  # weighted gaps
        self._clock = np.zeros(sensors, np.int64)  # ticks of forgetting; the newest gap weighs 2^clock
        self._observed = np.zeros(sensors, np.int64)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes, were every sensor there."""
        return sum(a.nbytes for a in self._slabs().values())

    def update(self, rows: Rows, learn: NDArray[np.bool_] | None = None) -> None:
        """Take the gaps of new rows in.

        Args:
            rows: new rows; first rows and rows with gap 0 say nothing of cadence.
            learn: False for gaps that must not be learnt, those of open episodes for instance, [N].
        """
        use = rows.gap_seconds > 0.0  # not NaN
        if learn is not None:
            use &= learn
        slot, gap = rows.sensor[use].astype(np.intp), rows.gap_seconds[use]
        if not len(slot):
            return
        low, high = (1.0 / n for n in reversed(HALF_LIFE_GAPS))
        ticks = (np.clip(gap / HALF_LIFE_SECONDS, low, high) * _TICKS).astype(np.int64)
        clock = self._advance(slot, ticks)
        weight = np.exp2(clock / _TICKS)
        log = np.log(np.clip(gap, SHORTEST_GAP_SECONDS, LONGEST_GAP_SECONDS * (1.0 - 1e-9)))
        at = np.clip(((log - _LOW) / _WIDTH).astype(np.intp), 0, BINS - 1)
        np.add.at(self._weights, (slot, at), weight.astype(np.float32))
        np.add.at(self._logs, (slot, at), (weight * (log - _EDGES[at])).astype(np.float32))
        np.add.at(self._seconds, slot, weight * gap)
        np.add.at(self._observed, slot, 1)

    def observed(self, slots: Slots) -> NDArray[np.int64]:
        """Return how many gaps each sensor's law was learned from, forgotten ones included."""
        return self._observed[slots]

    def median_seconds(self, slots: Slots) -> Doubles:
        """Return the median gap, NaN without gaps; of a mixed law the mean of the bin the median lies in."""
        below = np.cumsum(self._weights[slots], axis=1, dtype=np.float64)
        middle = np.argmax(below >= 0.5 * below[:, -1:], axis=1)
        weight, logs = self._weights[slots, middle], self._logs[slots, middle]
        above = np.divide(logs, weight, out=np.zeros(len(slots)), where=weight > 0.0)
        median: Doubles = np.exp(_EDGES[middle] + above)
        median[self._observed[slots] == 0] = np.nan
        return median

    def rows_per_week(self, slots: Slots) -> Doubles:
        """Return how many rows a week each sensor brings at its rate of late; 0 without gaps."""
        total = self._weights[slots].sum(axis=1, dtype=np.float64)
        seconds = self._seconds[slots]
        rate: Doubles = np.divide(total, seconds, out=np.zeros(len(slots)), where=seconds > 0.0)
        return rate * WEEK_SECONDS

    def seconds_per_row(self, slots: Slots, rows: NDArray[np.int64]) -> Doubles:
        """Return how long a row takes on the mean, pauses included; NaN without gaps.

        Args:
            slots: sensors.
            rows: how many each has brought. They are not as many as gaps where several come in one message, or one
                in several.
        """
        gaps_a_row = self._observed[slots] / np.maximum(rows, 1)
        rate = self.rows_per_week(slots)
        out: Doubles = np.divide(
            gaps_a_row * WEEK_SECONDS, rate, out=np.full(len(slots), np.nan), where=rate > 0.0
        )
        return out

    def survival(self, slots: Slots, elapsed_seconds: Doubles) -> Doubles:
        """Return the probability that a gap lasts longer than what has passed since each sensor's newest row.

        Of N gaps remembered, the next is longer than the K-th longest with probability K / (N + 1). From each
        such point a Pareto tail goes on, and the largest of these tails is the answer: between seen gaps it
        follows them, beyond the longest it falls but never ends. The tail's index is Hill's over the longest
        2 sqrt(N) gaps, shrunk to a heavy one while they are few. And since a law may hold pauses that it has
        not shown in N gaps, one gap of them always counts as the start of a heavier tail, whose index falls
        from 1 to 1/2 as gaps grow many.

        Returns:
            [n], above 0 and at most 1; 1 where nothing passed or no gap is known.
        """
        weights, means = self._law(slots)
        longer = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
        count = longer[:, 0]
        index = _tail_index(weights, means, longer)
        with np.errstate(divide="ignore"):
            elapsed = np.log(np.maximum(elapsed_seconds, 0.0))
            height = np.log(np.where(weights > 0.0, longer, 0.0))
        fall = np.minimum(means - elapsed[:, None], 0.0)
        unseen = 0.5 + 0.5 / (1.0 + count / _MANY_GAPS)
        tails = np.maximum(height + fall / index[:, None], np.minimum(height, 0.0) + fall / unseen[:, None])
        survival = np.exp(np.max(tails, axis=1)) / (count + 1.0)
        known = (count > 0.0) & (elapsed_seconds > 0.0)
        floored: Doubles = np.where(known, np.maximum(survival, np.finfo(np.float64).tiny), 1.0)
        return floored

    def take(self, slots: Slots) -> dict[str, NDArray[np.generic]]:
        """Return copies of some laws for a snapshot."""
        return {name: slab[slots] for name, slab in self._slabs().items()}

    def put(self, slots: Slots, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace some laws by what `take` returned."""
        for name, slab in self._slabs().items():
            slab[slots] = arrays[name]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of all laws."""
        return self.take(np.arange(self.sensors))

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Replace all laws by what `arrays` returned."""
        self.put(np.arange(self.sensors), arrays)

    def reset(self, slots: Slots) -> None:
        """Forget some laws, after a change of regime for instance."""
        for slab in self._slabs().values():
            slab[slots] = 0

    def _slabs(self) -> dict[str, NDArray[np.generic]]:
        return {
            "weights": self._weights,
            "logs": self._logs,
            "seconds": self._seconds,
            "clock": self._clock,
            "observed": self._observed,
        }

    def _advance(self, slot: Slots, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Advance clocks of forgetting gap by gap; scale weights back where they have grown large.

        Args:
            slot: ascending.
            ticks: what each gap adds to its sensor's clock.

        Returns:
            The clock at each gap.
        """
        begin = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
        each = np.diff(np.r_[begin, len(slot)])
        owner = slot[begin]
        total = np.cumsum(ticks)
        total += np.repeat(self._clock[owner] - (total[begin] - ticks[begin]), each)
        end = total[begin + each - 1]
        back = end // (_SCALE_AT * _TICKS) * _SCALE_AT
        grown = np.flatnonzero(back)
        if len(grown):
            scale = np.exp2(-back[grown].astype(np.float64))
            self._weights[owner[grown]] *= scale[:, None].astype(np.float32)
            self._logs[owner[grown]] *= scale[:, None].astype(np.float32)
            self._seconds[owner[grown]] *= scale
        total -= np.repeat(back * _TICKS, each)
        self._clock[owner] = total[begin + each - 1]
        return total

    def _law(self, slots: Slots) -> tuple[Doubles, Doubles]:
        """Return each bin's gaps, the newest counting 1, and its mean log gap; its edge where empty."""
        newest = np.exp2(self._clock[slots] / _TICKS)[:, None]
        weights = self._weights[slots] / newest
        above = np.divide(
            self._logs[slots], self._weights[slots], out=np.zeros(weights.shape), where=weights > 0.0
        )
        return weights, _EDGES + above


def _tail_index(weights: Doubles, means: Doubles, longer: Doubles) -> Doubles:
    """Return the extreme-value index of each law's longest gaps: Hill's, shrunk to 1, within bounds."""
    enough = 2.0 * np.sqrt(longer[:, :1])
    at = np.maximum(np.count_nonzero(longer >= np.minimum(enough, longer[:, :1]), axis=1) - 1, 0)
    who = np.arange(len(at))
    sums = np.cumsum((weights * means)[:, ::-1], axis=1)[:, ::-1]
    beyond = longer[who, at]
    excess = sums[who, at] - means[who, at] * beyond
    index: Doubles = np.clip((excess + _PRIOR_GAPS) / (beyond + _PRIOR_GAPS), *_TAIL_BOUNDS)
    return index
