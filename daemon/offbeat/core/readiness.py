"""How far each sensor is on its way to being judged by what it does itself, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import Track
from offbeat.core.group_state import GroupState
from offbeat.core.normalisers import COMMISSIONED, UNKNOWN
from offbeat.core.regimes import DECLARED, FAULT, OFF

Slots = NDArray[np.intp]

OFF_WORDS = {
    OFF: "not as it was learnt: nothing is learnt of it, and if it stays so it is told as a lasting change",
    DECLARED: "changed, as was told: learnt once that is confirmed, or after `learning.regime_learn_after`",
    FAULT: "in what was called a fault: nothing is learnt of it until it is as it was",
}
"""Of sensors whose alert is over though they are not as a law of a day or more learnt them, by phase of `Regimes`."""


class Readiness(IntEnum):
    """How far a sensor is."""

    WAITING = 0
    """Known by its name: no reading of it was taken in."""
    LEARNING = 1
    """Its silence is judged and its rules are; too little is known to raise an alert about its values."""
    PROVISIONAL = 2
    """Scaled by readings that no training has seen, and judged by the fleet's laws or by its own of before."""
    READY = 3
    """Judged by its own laws."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Columns of equal length.

    Attributes:
        readiness: codes of `Readiness`, int8 [n].
        share: of the readings that alerts about its values need, 0 to 1, float32 [n].
        readings: how many these are, int64 [n].
        eta_seconds: until it has them at its own pace, float64 [n]; NaN where that is not known, or not what it
            waits for; 0 where it has them.
        frozen: somebody asked that nothing be learnt of it, bool [n].
        held_up: it cannot be learnt yet because something about it is strange, bool [n].
        changed: it was trained on, and has changed for good since, bool [n].
        regime: phase of what became of it after its last alert, int8 [n]; see `Regimes` and `OFF_WORDS`.
        has_model: whether anything judges values here once they are enough.
    """

    readiness: NDArray[np.int8]
    share: NDArray[np.float32]
    readings: NDArray[np.int64]
    eta_seconds: NDArray[np.float64]
    frozen: NDArray[np.bool_]
    held_up: NDArray[np.bool_]
    changed: NDArray[np.bool_]
    regime: NDArray[np.int8]
    has_model: bool

    def reason(self, i: int) -> str:
        """Say in a few words what sensor i waits for; empty when it is ready, not frozen, and as it was learnt."""
        if self.frozen[i]:
            return "frozen: nothing is learnt of it until it is thawed"
        if self.held_up[i]:
            return "not learnt while it is strange, unless its episode is labelled"
        stage = Readiness(int(self.readiness[i]))
        if stage is Readiness.WAITING:
            return "no reading yet"
        if stage is Readiness.READY:
            return OFF_WORDS.get(int(self.regime[i]), "")
        if stage is Readiness.PROVISIONAL and self.changed[i]:
            return "changed for good: judged from where it is now, by its own laws, until a training knows it"
        if stage is Readiness.PROVISIONAL:
            return "judged by the fleet's laws until a training knows it"
        if not self.has_model:
            return "silence and rules are judged; its values are once a model is trained"
        here, needed = round(float(self.share[i]) * int(self.readings[i])), int(self.readings[i])
        return f"{here} of {needed} readings that alerts about its values need"


def progress_of(state: GroupState, slots: Slots) -> Progress:
    """Return how far some sensors of a group are; copies."""
    rows, learnt = state.rows[slots], state.learnt
    needed = np.full(len(slots), state.settings.ready_readings, np.int64)
    known, scaled = np.zeros(len(slots), np.bool_), np.ones(len(slots), np.bool_)
    if learnt is not None:
        needed = learnt.alerts_from(slots)
        known = learnt.normalisers.stage[slots] == COMMISSIONED
        scaled = (learnt.normalisers.stage[slots] != UNKNOWN) | (rows < learnt.first_rows)
    held = state.holds.held(slots) | ~scaled
    share = np.where(known, 1.0, np.minimum(rows / np.maximum(needed, 1), 1.0))
    readiness = np.full(len(slots), Readiness.LEARNING, np.int8)
    if learnt is not None:
        readiness[(share >= 1.0) & scaled] = Readiness.PROVISIONAL
    readiness[rows == 0] = Readiness.WAITING
    readiness[known] = Readiness.READY
    eta = np.zeros(len(slots))
    if learnt is None:
        eta[:] = np.nan  # no number of readings brings a model
    else:
        short = ~known & (rows < needed)
        eta[short] = (needed - rows)[short] * state.cadence.seconds_per_row(slots[short], rows[short])
    frozen = state.holds.frozen[slots]
    held_up = held & ~known & (readiness == Readiness.LEARNING)
    silent = state.episodes.is_open(slots)[:, Track.SILENT]
    eta[(held_up | frozen | silent) & ~known] = np.nan
    return Progress(
        readiness,
        share.astype(np.float32),
        needed,
        eta,
        frozen,
        held_up & (learnt is not None),
        state.regimes.learnt[slots] & (learnt is not None and learnt.row[slots] > 0),
        state.regimes.phase[slots],
        learnt is not None,
    )


def count_by_readiness(state: GroupState) -> NDArray[np.int64]:
    """Return how many sensors of a group are how far, int64 [len(Readiness)]; retired ones do not count."""
    stages = progress_of(state, np.flatnonzero(~state.retired[: state.size])).readiness
    return np.bincount(stages, minlength=len(Readiness)).astype(np.int64)
