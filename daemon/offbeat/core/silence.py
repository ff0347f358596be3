"""Who has been silent for too long, asked of the clock: no message is needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, Track, threshold
from offbeat.core.group_state import GroupState
from offbeat.core.transitions import Marks, Transition

FEWEST_GAPS = 16
"""Gaps between messages that must be known before silence means anything."""


SHORTEST_SILENCE = 2.0
"""Mean gaps that no silence worth telling of is shorter than."""


def judge_silence(state: GroupState, now: float, listening_since: float) -> list[Transition]:
    """Open and update episodes of silence.

    Args:
        state: of the group.
        now: log time.
        listening_since: log time from which on messages could have been heard.
    """
    slot, elapsed = _candidates(state, now, listening_since)
    if not len(slot):
        return []
    budget = state.settings.budget_per_week * TRACKS[Track.SILENT].budget_share
    p_open = budget / np.maximum(state.cadence.rows_per_week(slot), 1.0)
    opens = threshold(p_open, TRACKS[Track.SILENT].ceiling_p)
    surprise = -np.log10(state.cadence.survival(slot, elapsed)).astype(np.float32)
    evident = _evident(state, slot, elapsed)
    score = np.where(evident, np.maximum(surprise / opens, np.float32(1.0)), surprise / opens)
    opens = np.where(evident, np.minimum(surprise, opens), opens)
    time = np.full(len(slot), now)
    marks = Marks(
        key=slot * len(TRACKS) + Track.SILENT,
        index=np.full(len(slot), -1, np.intp),
        time=time,
        start=state.heard[slot],
        seen=time,
        surprise=surprise,
        threshold=opens,
        score=score,
    )
    # Only the sensor can end its silence, also when a new start of listening makes it look short.
    return state.episodes.judge(marks.where(surprise >= opens))


def _evident(state: GroupState, slot: NDArray[np.intp], elapsed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which silences are many times longer than any before, of sensors that have been known for a while.

    The shorter it is known, the longer its silence has to be.
    """
    rules = state.episodes.rules
    known = state.heard[slot] - state.first_heard[slot]
    times = rules.silent_times_longest * np.maximum(rules.silent_known_seconds / np.maximum(known, 1.0), 1.0)
    evident = (known >= rules.silent_first_seconds) & (elapsed >= times * state.longest_gap[slot])
    return np.asarray(evident, np.bool_)


def _candidates(
    state: GroupState, now: float, listening_since: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return sensors that have been silent for longer than twice their mean gap, and for how long.

    No law of gaps that is any use finds a shorter silence strange: so most sensors cost nothing at a tick.
    """
    slot = np.flatnonzero(state.cadence.observed(np.arange(state.size)) >= FEWEST_GAPS)
    heard = state.heard[slot]
    elapsed = now - np.maximum(heard, listening_since)
    mean = (heard - state.first_heard[slot]) / state.cadence.observed(slot)
    longer = (elapsed > SHORTEST_SILENCE * mean) & ~state.retired[slot]
    return slot[longer], elapsed[longer]


def quiet_seconds(state: GroupState) -> NDArray[np.float64]:
    """Return by slot how long nothing strange must be seen before a tick closes an episode, [S]."""
    rules = state.episodes.rules
    seconds = np.full(state.sensors, rules.quiet_seconds)
    slot = np.flatnonzero(state.episodes.arrays()["phase"].any(axis=1))
    rare = 2 * rules.close_rows * np.nan_to_num(state.cadence.median_seconds(slot), nan=0.0)
    seconds[slot] = np.maximum(seconds[slot], rare)
    return seconds
