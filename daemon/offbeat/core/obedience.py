"""What people said of learning, put into effect: freezes, and labels of what is open or was declared.

To be done at ticks, when no work is under way. What is decided bears the time at which it was said, so that a replay
decides the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_ids import episode_id
from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.episodes import OPEN
from offbeat.core.group_state import GroupState
from offbeat.core.orders import REGIME_CHANGE, Label, Orders
from offbeat.core.regimes import FAULT, LEARNT
from offbeat.core.transitions import Transition

Slots = NDArray[np.intp]
Name = tuple[str, str]
"""Scope of a freeze, and the name in it."""

_TRACKS = len(TRACKS)


def obey(state: GroupState, orders: Orders, now: float, first: int = 0) -> list[Transition]:
    """Put into effect what has been said by a time; to say it again changes nothing.

    Args:
        state: of the group.
        orders: all that was said.
        now: log time.
        first: slot from which on sensors are looked at: nothing is new for those before it.
    """
    _freeze(state, orders, now, first)
    out: list[Transition] = []
    for label in orders.labelled(now).values():
        slot = state.group.slots.get(label.sensor)
        if slot is not None and first <= slot < state.size:
            out += _label(state, slot, label)
    return out


def _freeze(state: GroupState, orders: Orders, now: float, first: int) -> None:
    begun, ended = _by_name(orders, now)
    if not begun and not state.holds.frozen[first : state.size].any():
        return
    group = ("group", state.group.name)
    for slot, sensor in enumerate(state.group.ids[first:], start=first):
        names = (("sensor", sensor), group, ("all", ""))
        since = min(begun.get(name, math.inf) for name in names)
        if math.isfinite(since):
            state.holds.freeze(slot, True, since)
        elif state.holds.frozen[slot]:
            until = max(ended.get(name, -math.inf) for name in names)
            state.holds.freeze(slot, False, until if math.isfinite(until) else now)


def _by_name(orders: Orders, now: float) -> tuple[dict[Name, float], dict[Name, float]]:
    """Return since when what holds now has been frozen, and until when what was frozen was, by scope and name.

    Freezes are never removed, and there may be many sensors: each of the two is gone through once.
    """
    begun: dict[Name, float] = {}
    ended: dict[Name, float] = {}
    for one in orders.freezes:
        name = (one.scope, "" if one.scope == "all" else one.name)
        if one.holds_at(now):
            begun[name] = min(begun.get(name, math.inf), one.since)
        elif one.since <= now:
            ended[name] = max(ended.get(name, -math.inf), one.until)
    return begun, ended


def _label(state: GroupState, slot: int, label: Label) -> list[Transition]:
    """Put what was said of one episode into effect, if it is the newest of its track or a change that lasts."""
    since = float(state.regimes.since[slot])
    if math.isfinite(since) and label.episode in _ids_of_regime(state, slot, label.sensor, since):
        return _of_regime(state, slot, label)
    for track in Track:
        started = float(state.episodes.started[slot * _TRACKS + track])
        if math.isfinite(started) and episode_id(label.sensor, TRACKS[track].kind, started) == label.episode:
            if state.episodes.phase[slot * _TRACKS + track] == OPEN:
                return _of_open(state, slot, track, label)
            if label.what in ("expected", "false_alarm"):
                state.holds.forget(slot, track, started)
    return []


def _ids_of_regime(state: GroupState, slot: int, sensor: str, since: float) -> tuple[str, ...]:
    """Return the ids under which a lasting change was told of, none while its episode is the one that is open."""
    track = Track(int(state.regimes.track[slot]))
    return (episode_id(sensor, TRACKS[track].kind, since), episode_id(sensor, REGIME_CHANGE, since))


def _of_open(state: GroupState, slot: int, track: Track, label: Label) -> list[Transition]:
    episodes, key = state.episodes, np.array([slot * _TRACKS + track])
    if label.what == "fault":
        episodes.faulty[key] = episodes.started[key]
        state.holds.excused[slot, track] = np.nan
        return []
    episodes.faulty[key] = np.nan
    if label.what == "new_normal" and TRACKS[track].may_settle:
        transitions = episodes.declare(key, np.array([label.at]))
        state.note(transitions)
        state.learn_regimes(np.array([slot], np.intp))
        return transitions
    state.holds.excused[slot, track] = episodes.started[key][0]
    state.holds.forget(slot, track, float(episodes.started[key][0]))
    return []


def _of_regime(state: GroupState, slot: int, label: Label) -> list[Transition]:
    phase, track = state.regimes.phase[slot], int(state.regimes.track[slot])
    key = np.array([slot * _TRACKS + track])
    if label.what == "new_normal":
        transitions: list[Transition] = []
        if state.episodes.phase[key][0] == OPEN and phase != LEARNT:
            transitions = state.episodes.declare(key, np.array([label.at]))
        if phase != LEARNT:
            state.learn_regimes(np.array([slot], np.intp))
        return transitions
    if label.what != "fault":
        state.holds.forget(slot, track, float(state.regimes.since[slot]))
        state.drop_regimes(np.array([slot], np.intp))
        return []
    if phase == FAULT:
        return []
    state.unlearn_regime(slot)
    if state.episodes.phase[key][0] == OPEN:
        return []  # it is told of already
    transitions = state.episodes.reopen(key, np.array([label.at]))
    state.note(transitions)
    return transitions
