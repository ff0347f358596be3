"""Of which sensors nothing is learnt now, and which of their rows never are: those of episodes and of freezes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.episodes import Episodes
from offbeat.core.transitions import Change, Transition

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]

STRETCHES = 4
"""Stretches of time remembered of a sensor; more become one with what lies between them: rather too much left out."""

FREEZE = len(TRACKS)
"""Where the stretch of a freeze stands in the place of a track."""

BEFORE = FREEZE + 1
"""And that of the time before a lasting change."""

_VALUES = np.array([track is not Track.SILENT for track in TRACKS])
_HAS_MARGIN = np.array([track is not Track.RULE for track in TRACKS] + [False, False, False])
"""By what a stretch is of; the last place is for none."""
_OF_RHYTHM = np.array([track is not Track.RULE for track in TRACKS] + [True, False, False])
NEVER = -np.inf


class Holds:
    """What keeps sensors of one group from being learnt. The trailing calibration alone learns in episodes, too.

    What was strange is known by its time, so that it does not matter how rows were cut into batches.

    Args:
        episodes: of the group.
        sensors: slots to make room for.
        margin_seconds: rows so long before an episode are not learnt either; a broken rule says itself when it began.
    """

    def __init__(self, episodes: Episodes, sensors: int, margin_seconds: float) -> None:
        self._episodes = episodes
        self._margin = margin_seconds
        self.frozen = np.zeros(sensors, np.bool_)
        """Somebody asked that nothing be learnt of it, not even what its alarms are measured by."""
        self.excused = np.full((sensors, len(TRACKS)), np.nan)
        """Start of the episode of each track that may be learnt from all the same: somebody said so."""
        self._begin = np.full((sensors, STRETCHES), np.inf)
        self._end = np.full((sensors, STRETCHES), NEVER)
        self._of = np.full((sensors, STRETCHES), -1, np.int8)

    def held(self, slot: Slots) -> Bools:
        """Return of which sensors nothing is learnt now, bool [n]: frozen ones, and those that are strange."""
        is_open = self._episodes.is_open(slot)
        is_open &= self._episodes.arrays()["started"][slot] != self.excused[slot]
        return np.asarray(self.frozen[slot] | (is_open & _VALUES).any(axis=1), np.bool_)

    def note(self, transitions: Sequence[Transition]) -> None:
        """Remember when episodes began and ended; of a silence there is no row that could be learnt."""
        for t in transitions:
            if t.track is Track.SILENT:
                continue
            if t.change is Change.OPEN:
                self.begin(t.sensor, t.track, t.started)
            elif t.change is Change.CLOSE:
                self.end(t.sensor, t.track, t.time)

    def begin(self, slot: int, of: int, time: float) -> None:
        """Begin a stretch."""
        empty = np.flatnonzero(self._of[slot] < 0)
        if not len(empty):
            self._join_oldest(slot)
            empty = np.flatnonzero(self._of[slot] < 0)
        at = int(empty[0])
        self._begin[slot, at], self._end[slot, at], self._of[slot, at] = time, np.inf, of

    def end(self, slot: int, of: int, time: float) -> None:
        """End the stretch that is open."""
        at = np.flatnonzero((self._of[slot] == of) & np.isposinf(self._end[slot]))
        self._end[slot, at] = time

    def forget(self, slot: int, of: int, started: float) -> None:
        """Let the episode of a track that started then be learnt after all."""
        around = (self._begin[slot] <= started) & (self._end[slot] >= started)
        for at in np.flatnonzero(around & (self._of[slot] == of)).tolist():
            self._clear(slot, at)

    def only_since(self, slot: int, time: float) -> None:
        """Let nothing before a time be learnt: the sensor is another one since."""
        for at in np.flatnonzero(self._of[slot] == BEFORE).tolist():
            self._clear(slot, at)
        self.begin(slot, BEFORE, -np.inf)
        self.end(slot, BEFORE, float(np.nextafter(time, -np.inf)))

    def freeze(self, slot: int, frozen: bool, time: float) -> None:
        """Freeze a sensor from a time on, or end that."""
        if bool(self.frozen[slot]) == frozen:
            return
        self.frozen[slot] = frozen
        going_on = bool(((self._of[slot] == FREEZE) & np.isposinf(self._end[slot])).any())
        if frozen and not going_on:  # a snapshot may know of it already
            self.begin(slot, FREEZE, time)
        elif not frozen:
            self.end(slot, FREEZE, time)

    def free(self, slot: Slots, times_seconds: Doubles) -> Bools:
        """Return which rows may be learnt, bool [n, L]; times [n, L] of the sensors [n]."""
        margin = np.where(_HAS_MARGIN[self._of[slot]], self._margin, 0.0)
        begin, end = (self._begin[slot] - margin)[:, :, None], self._end[slot][:, :, None]
        held = (times_seconds[:, None, :] >= begin) & (times_seconds[:, None, :] <= end)
        return np.asarray(~held.any(axis=1), np.bool_)

    def rhythm_free(self, slot: Slots, time_seconds: Doubles) -> Bools:
        """Return which gaps may be learnt, by when they ended, bool [n]; a broken limit says nothing of them."""
        of = self._of[slot]
        if not (of >= 0).any():
            return np.ones(len(slot), np.bool_)
        time = time_seconds[:, None]
        held = (time > self._begin[slot]) & (time <= self._end[slot]) & _OF_RHYTHM[of]
        return np.asarray(~held.any(axis=1), np.bool_)

    def thaw_or_freeze_as_kept(self, slot: Slots) -> None:
        """Let sensors be frozen whose stretch of a freeze goes on: so it was when the snapshot was taken."""
        self.frozen[slot] = ((self._of[slot] == FREEZE) & np.isposinf(self._end[slot])).any(axis=1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a snapshot keeps, each [S, ...]; views, not copies. The rest follows from orders and episodes."""
        return {"hold_begin": self._begin, "hold_end": self._end, "hold_of": self._of}

    @property
    def nbytes(self) -> int:
        """Memory of what no snapshot keeps."""
        return self.frozen.nbytes + self.excused.nbytes

    def _join_oldest(self, slot: int) -> None:
        first, second = np.argsort(self._begin[slot], kind="stable")[:2].tolist()
        self._end[slot, second] = max(self._end[slot, second], self._end[slot, first])
        self._begin[slot, second] = self._begin[slot, first]
        if np.isposinf(self._end[slot, first]):
            self._of[slot, second] = self._of[slot, first]
        self._clear(slot, first)

    def _clear(self, slot: int, at: int) -> None:
        self._begin[slot, at], self._end[slot, at], self._of[slot, at] = np.inf, NEVER, -1
