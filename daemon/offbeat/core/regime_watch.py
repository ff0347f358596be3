"""Watching sensors that may have changed for good: held against what was learnt of them, declared, learnt in time.

One that goes back to what the commission knows, after its change was learnt, is judged by that again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.group_state import GroupState
from offbeat.core.learnt import Learnt
from offbeat.core.normalisers import COMMISSIONED
from offbeat.core.regimes import (
    DECLARED,
    FAR,
    NEAR,
    OFF,
    SLOWER,
    SUSPECT,
    another_pace,
    as_commissioned,
    middle_gap,
    not_as_learnt,
)
from offbeat.core.transitions import Change, Reason, Transition
from offbeat.core.windows import WindowSlice

Slots = NDArray[np.intp]

EVERY_SECONDS = 60.0
AT_ONCE = 512
"""Windows looked at in one tick; where there are more, some are looked at in the next one."""


def watch(state: GroupState, now: float) -> list[Transition]:
    """Look at the sensors that may have changed; return what there is to tell. To be called at ticks.

    Args:
        state: of the group.
        now: log time.
    """
    slots = _due(state, now)
    if not len(slots) or state.learnt is None:
        return []
    regimes, learnt = state.regimes, state.learnt
    windows = state.windows.latest(slots, state.windows.readings)
    off, distance = not_as_learnt(learnt.normalisers, slots, windows, FAR)
    _take_back(state, learnt, slots, windows, off, now)
    goes_on = regimes.changing(slots)
    over = goes_on & ~(off & _is_mature(state, learnt, slots)) & (regimes.phase[slots] != DECLARED)
    state.drop_regimes(slots[over])
    slots, distance = slots[goes_on & ~over], distance[goes_on & ~over]
    regimes.phase[slots[regimes.phase[slots] == SUSPECT]] = OFF
    regimes.stand(slots, distance, now)
    out = _declare(state, slots[regimes.phase[slots] == OFF], now)
    _learn(state, slots[regimes.phase[slots] == DECLARED], now)
    return out


def _due(state: GroupState, now: float) -> Slots:
    """Return the sensors to be looked at now, and note that they are."""
    slots = state.regimes.watched()
    slots = slots[now >= state.looked_at[slots] + EVERY_SECONDS][:AT_ONCE]
    slots = slots[state.windows.counts[slots] > 0]
    state.looked_at[slots] = now
    return slots


def _take_back(
    state: GroupState, learnt: Learnt, slots: Slots, windows: WindowSlice, off: NDArray[np.bool_], now: float
) -> None:
    """Judge sensors as they were commissioned where they went back, for as long as it takes to tell of a change.

    The foot of a slow swing comes by what was commissioned, too, but does not stay.
    """
    changed = state.regimes.learnt[slots]
    if not changed.any():
        return
    as_before = as_commissioned(learnt.commission, learnt.row[slots], windows)
    as_before &= changed & ~state.holds.frozen[slots]
    lasted = state.regimes.go_back(slots, as_before, now) >= state.episodes.rules.settle_seconds
    elsewhere = off | another_pace(middle_gap(windows), learnt.normalisers.unit_seconds[slots], SLOWER)
    state.take_back_regimes(slots[as_before & lasted & elsewhere])


def _is_mature(state: GroupState, learnt: Learnt, slots: Slots) -> NDArray[np.bool_]:
    """Return whose law knows what is usual: what is not as a young one says is no change.

    What has been declared for its rhythm, or for its spread only, need not be far: it is watched by time alone.
    """
    long_enough = (
        learnt.commission.learnt_seconds[learnt.row[slots]] >= state.settings.learning.mature_seconds
    )
    return np.asarray(long_enough & (learnt.normalisers.stage[slots] == COMMISSIONED), np.bool_)


def _declare(state: GroupState, slots: Slots, now: float) -> list[Transition]:
    """Tell of what has stood still at another place for long enough: an episode of its own, over as it is told."""
    regimes, after = state.regimes, state.episodes.rules.settle_seconds
    told = regimes.stands_since[slots] + after
    is_open = state.episodes.is_open(slots)[:, Track.PROCESS]
    out: list[Transition] = []
    for slot, at in zip(
        slots[(told <= now) & ~is_open].tolist(), told[(told <= now) & ~is_open], strict=True
    ):
        regimes.declare(slot, int(regimes.track[slot]), float(regimes.since[slot]), float(at))
        out += [_transition(state, slot, change, float(at)) for change in (Change.OPEN, Change.CLOSE)]
    return out


def _transition(state: GroupState, slot: int, change: Change, time: float) -> Transition:
    track = Track(int(state.regimes.track[slot]))
    key = slot * len(TRACKS) + track
    return Transition(
        change=change,
        reason=Reason.LASTS,
        sensor=slot,
        track=track,
        index=-1,
        started=float(state.regimes.since[slot]),
        time=time,
        score=float(state.episodes.peak_score[key]),
        surprise=float(state.episodes.peak[key]),
        severity=0,
    )


def _learn(state: GroupState, slots: Slots, now: float) -> None:
    """Learn what was declared so long ago that nobody will say what it is; what went back to what it was is over."""
    regimes, after = state.regimes, state.settings.learning.regime_learn_after_seconds
    since = np.maximum(regimes.declared[slots], regimes.stands_since[slots])
    due = slots[(since + after <= now) & ~state.holds.frozen[slots]]
    if not len(due) or state.learnt is None:
        return
    windows = state.windows.latest(due, state.windows.readings)
    off, _ = not_as_learnt(state.learnt.normalisers, due, windows, NEAR)
    rhythm = regimes.track[due] == Track.RHYTHM
    state.drop_regimes(due[~off & ~rhythm])
    state.learn_regimes(due[off | rhythm])
