"""Sensors that never moved while they were learnt: how surprising it is that one does.

Nearly all streams measure by how much a value varies and have no opinion where it does not vary, and what the others
say of a first move is lost in their mean. So moves are counted here, beside the fusion. N rows without a move say that
the next one brings one with a chance of 1 in N + 1 at most, and k moves since that there are k + 1 in as many rows
(Laplace's rule of succession). A bout of moves is one case: a flag that flaps, and a value that is noisy from now on,
moved once.

A budget of one false alert a week cannot be held against a past of two hours: no chance that it can know of is small
enough. But a first move is a first one only once, so it is within any budget. Those that follow are told of where
they are rare enough by what was counted. Moves that come at random, however often, use up two thirds of the budget at
most (docs/decisions/0015-the-first-move-of-a-still-sensor.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.normalisers import Normalisers
from offbeat.core.streams.base import Arrays, Floats
from offbeat.core.streams.level import restore
from offbeat.core.work import AtRest, Work

PERIODS = 4.0
"""Moves are remembered for as long as it takes to use up the budget of so many alerts."""

OVER = np.float32(np.exp(-2.0))
"""A bout is over once a mean over 64 usual gaps or 4 hours has forgotten the last move so far: after as long."""

_CEILING = np.float32(-np.log10(TRACKS[Track.PROCESS].ceiling_p))

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]


class StillSensors:
    """How often sensors moved that never did while they were learnt, by slot. Of all others it knows nothing.

    Args:
        commission: what was learnt of the group.
        normalisers: of its sensors: one that has changed for good stands still elsewhere, or no more. They may be
            learnt again while rows are under way, so they are asked when rows are taken in (`at_rest`) only.
        sensors: slots to make room for.
    """

    def __init__(self, commission: Commission, normalisers: Normalisers, sensors: int) -> None:
        self._normalisers = normalisers
        shape = (sensors, len(commission.channels))
        known = commission.still_rows
        self._learnt_rows = np.zeros_like(commission.center) if known is None else known
        self._is_still: Bools = np.asarray(self._learnt_rows.any(axis=1), np.bool_)
        self._any = bool(self._is_still.any())
        self._last = np.zeros(shape, np.float32)
        self._seen = np.zeros(shape, np.bool_)
        self._rows = np.zeros(sensors, np.float64)
        self._bouts = np.zeros(sensors, np.float64)
        self._fresh = np.zeros(sensors, np.float32)
        self._said = np.zeros(sensors, np.float32)
        self._given_up = np.zeros(sensors, np.bool_)
        self._begun = np.zeros(sensors, np.int32)
        """How often a sensor was begun anew by the rows that were taken in ..."""
        self._counted = np.zeros(sensors, np.int32)
        """... and by those that were judged."""
        self._carried = np.zeros(sensors, np.bool_)
        """What is counted goes on from another commission: a rehearsal of the same rows adds nothing to it."""

    def at_rest(self, slot: Slots, row: Slots, known: Bools) -> AtRest | None:
        """Return which of the rows that are taken in can be judged here, and by what; None where none ever can.

        Of a sensor that has changed for good they can if it stands still since, too.

        Args:
            slot: sensors [n].
            row: of the commission [n].
            known: where a value was observed that there is a scale for [n, C].
        """
        if not self._any:
            return None
        index = np.flatnonzero(self._is_still[row])
        moves = (self._learnt_rows[row[index]] > 0) & ~self._normalisers.still[slot[index]]
        index = index[known[index].any(axis=1) & ~moves.any(axis=1)]
        here = slot[index]
        return AtRest(index, self._normalisers.center[here], self._begun[here])

    def update(self, work: Work, row: Slots, threshold: Floats, frozen: Bools) -> Floats:
        """Return the surprise at the bout of moves that each row is in, and then learn the rows.

        Args:
            work: whose rows they are.
            row: of the commission [n].
            threshold: surprise that opens an episode of the sensor's process [n].
            frozen: of which nothing is learnt, by slot.

        Returns:
            float32 [n]; at least `threshold` where a bout is to be told of, 0 where no bout goes on, and always of
            sensors that moved while they were learnt.
        """
        said = np.zeros(len(work), np.float32)
        rest = work.at_rest
        if rest is None or not len(rest.index):
            return said
        among = np.full(len(work), -1, np.intp)
        among[rest.index] = np.arange(len(rest.index))
        if work.is_rehearsal:
            among[self._carried[work.rows.sensor]] = -1
        for index in work.rounds:
            at = among[index]
            at = at[at >= 0]
            if len(at):
                here = rest.index[at]
                said[here] = self._round(work, at, row[here], threshold[here], frozen, rest)
        return said

    def _round(
        self, work: Work, at: Slots, row: Slots, threshold: Floats, frozen: Bools, rest: AtRest
    ) -> Floats:
        """Judge and learn a round, in which each sensor stands at most once: rows `at` of those at rest."""
        here = rest.index[at]
        slot = work.rows.sensor[here].astype(np.intp)
        allowed = 10.0 ** -threshold.astype(np.float64)
        self._begin_anew(slot, rest.begun[at])
        self._start(slot, row, PERIODS / allowed, rest.place[at])
        begins = self._take(work, here, slot)
        rows, bouts = self._rows[slot], self._bouts[slot]
        surprise = np.log10((rows + 1.0) / (bouts + 1.0)).astype(np.float32)
        first = (bouts == 0) & (surprise >= _CEILING)
        told = np.where(first, np.maximum(surprise, threshold), surprise)
        going_on = self._fresh[slot] > OVER
        told = np.where(self._given_up[slot], np.float32(0.0), told)
        self._said[slot] = said = np.where(begins, told, self._said[slot] * going_on)
        learn, keep = ~frozen[slot], 1.0 - allowed / PERIODS
        self._rows[slot] = np.where(learn, rows * keep + 1.0, rows)
        self._bouts[slot] = np.where(learn, bouts * keep + begins, bouts)
        return said

    def _begin_anew(self, slot: Slots, begun: NDArray[np.int32]) -> None:
        """Forget what was counted of sensors by rows that were taken in before they were reset."""
        old = self._counted[slot] != begun
        if not old.any():
            return
        for array in self._counts().values():
            array[slot[old]] = 0
        self._counted[slot[old]] = begun[old]

    def _take(self, work: Work, here: Slots, slot: Slots) -> Bools:
        """Take the values of a round in; return for which sensors a bout begins."""
        raw, mask = work.rows.values[here], work.known[here]
        last, seen = self._last[slot], self._seen[slot]
        moved = (mask & seen & (raw != last)).any(axis=1)
        self._last[slot], self._seen[slot] = np.where(mask, raw, last), seen | mask
        faded = self._fresh[slot] * horizon.decay(work.rows.gap_seconds[here], work.gap[here])
        self._fresh[slot] = np.where(moved, np.float32(1.0), faded)
        return np.asarray(moved & (faded <= OVER), np.bool_)

    def _start(self, slot: Slots, row: Slots, most_rows: Doubles, place: Floats) -> None:
        """Let sensors that are new here have stood still at their middle, for as long as they were learnt."""
        new = self._rows[slot] == 0
        if not new.any():
            return
        slot, row = slot[new], row[new]
        self._rows[slot] = np.minimum(self._learnt_rows[row].max(axis=1), most_rows[new])
        self._seen[slot] = self._learnt_rows[row] > 0
        self._last[slot] = place[new]

    def give_up(self, slot: int) -> None:
        """Say no more of a sensor: a bout of moves lasted for so long that it was told of as a change of regime."""
        self._given_up[slot] = True
        self._said[slot] = 0.0

    def take_up(self, slot: Slots) -> None:
        """Speak of sensors again that were given up: that change is over. What was counted of them since counts."""
        self._given_up[slot] = False

    def reset(self, sensor: Slots) -> None:
        """Forget these sensors: they start again from the commission, with the rows that are taken in from now on."""
        self._begun[sensor] += 1
        self._carried[sensor] = False

    def carry_on(self, slot: Slots, row: Slots, arrays: Arrays) -> None:
        """Go on with what was counted under another commission, of sensors that never moved by either.

        Else the first move after each training were a first one again.

        Args:
            slot: sensors [n], none twice.
            row: of this commission [n].
            arrays: as given by `arrays` there, of the same sensors; what an older release kept otherwise is left.
        """
        if not self._any or not arrays.keys() >= self.arrays().keys():
            return
        goes_on = (arrays["rows"] > 0) & (arrays["begun"] == arrays["counted"]) & self._is_still[row]
        slot = slot[goes_on]
        for name, array in self._counts().items():
            array[slot] = arrays[name][goes_on]
        self._counted[slot] = self._begun[slot]
        self._carried[slot] = True

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...]; views, not copies."""
        return self._counts() | {"begun": self._begun, "counted": self._counted}

    def _counts(self) -> dict[str, NDArray[Any]]:
        """Return last values [S, C]; rows, bouts of moves, the one that goes on and who was given up [S]."""
        return {
            "last": self._last,
            "seen": self._seen,
            "rows": self._rows,
            "bouts": self._bouts,
            "fresh": self._fresh,
            "said": self._said,
            "given_up": self._given_up,
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        restore(self.arrays(), arrays)
