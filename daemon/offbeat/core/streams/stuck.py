"""Whether a value repeats itself for longer than this sensor's values do."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats, Round
from offbeat.core.streams.level import largest, restore

REPEAT = np.float32(-np.log10(0.3))
"""Most that one more repeat may add: whatever was learnt, values repeat by chance now and then."""

OWN_TAIL = np.float32(4.0)
"""Of a stranger a run ten times as long as its longest is so many powers of ten below one in its runs ..."""

FEW_RUNS = np.float32(16.0)
"""... half as many after so many runs, and none after none."""


class StuckStream:
    """stuck: the largest surprise over channels at how long the value has not changed at all.

    The length is the smaller of rows and median gaps since the change, so that neither a burst of copies nor
    a silence counts as stuck. It is judged by the law of the lengths of this channel's own runs, so set
    points and quantised values have their own patience. Channels that were constant at commissioning have no
    say. The law of a fleet knows nothing of a stranger's set points: it is judged by the runs that it ended so far, and
    one that has not changed yet is not stuck.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("stuck",)
    track: ClassVar[str] = "stuck"
    kinds: ClassVar[tuple[str, ...]] = ("stuck",)

    def __init__(self, commission: Commission, sensors: int) -> None:
        channels = len(commission.channels)
        self._commission = commission
        self._last = np.zeros((sensors, channels), np.float32)
        self._rows = np.zeros((sensors, channels), np.float32)
        self._gaps = np.zeros((sensors, channels), np.float32)
        self._runs = np.zeros((sensors, channels), np.float32)
        self._longest = np.zeros((sensors, channels), np.float32)

    def update(self, rows: Round) -> Floats:
        """Take a round in; NaN where no channel was observed that can be stuck."""
        learnt, slot, mask = self._commission, rows.sensor, rows.mask
        before = self._rows[slot]
        changed = mask & ((rows.raw != self._last[slot]) | (before == 0))
        gap = np.where(np.isnan(rows.gap), np.float32(0.0), rows.gap)
        count = np.where(changed, np.float32(1.0), before + mask)
        self._remember(slot, changed & (before > 0), run_length(before, self._gaps[slot]))
        gaps = np.where(changed, np.float32(0.0), self._gaps[slot] + gap[:, None])
        self._rows[slot], self._gaps[slot] = count, gaps
        self._last[slot] = np.where(mask, rows.raw, self._last[slot])
        surprise = (count - 1) * REPEAT
        if surprise.any():  # on most rows of most sensors nothing repeats
            length = run_length(count, gaps)
            law = learnt.runs.surprise(rows.row, length)
            if (stranger := rows.row == 0).any():
                law[stranger] = self._by_its_own(slot[stranger], length[stranger])
            surprise = np.minimum(surprise, law)
        judged = mask & ~rows.constant if learnt.any_constant else mask
        return largest(surprise, judged)[:, None]

    def _remember(self, slot: NDArray[np.intp], ended: NDArray[np.bool_], length: Floats) -> None:
        """Count runs that ended, and note the longest."""
        self._runs[slot] += ended
        self._longest[slot] = np.where(ended, np.maximum(self._longest[slot], length), self._longest[slot])

    def _by_its_own(self, slot: NDArray[np.intp], length: Floats) -> Floats:
        """Return the surprise at runs of such a length by the runs that each sensor ended itself; 0 without any."""
        runs, longest = self._runs[slot], np.maximum(self._longest[slot], np.float32(1.0))
        beyond = np.log10(np.maximum(length / longest, np.float32(1.0)))
        tail = OWN_TAIL * runs / (runs + FEW_RUNS)
        surprise = np.log10(runs + 1) + tail * beyond
        # The channel that stands longest is looked at: of many, one always does.
        surprise -= np.log10(np.float32(runs.shape[1]))
        return np.where(runs > 0, np.maximum(surprise, np.float32(0.0)), np.float32(0.0))

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget the runs of these sensors."""
        for array in self.arrays().values():
            array[sensor] = 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return last values, rows and median gaps since they changed, runs that ended and the longest, [S, C]."""
        return {
            "last": self._last,
            "rows": self._rows,
            "gaps": self._gaps,
            "runs": self._runs,
            "longest": self._longest,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)


def runs_of(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return where a channel was observed, and the first and the last place among these of each run of one value.

    Args:
        values: of one channel in time order [n]; NaN = not observed. What was not observed ends no run.
    """
    observed = np.flatnonzero(np.isfinite(values))
    seen = values[observed]
    firsts = np.flatnonzero(np.concatenate([np.ones(min(len(seen), 1), np.bool_), seen[1:] != seen[:-1]]))
    return observed, firsts, np.append(firsts[1:], len(observed))[: len(firsts)] - 1


def run_length(rows: Floats, gaps: Floats) -> Floats:
    """Return the length of a run of `rows` rows over `gaps` median gaps: the smaller of both."""
    return np.asarray(np.minimum(rows, gaps + np.float32(1.0)), np.float32)
