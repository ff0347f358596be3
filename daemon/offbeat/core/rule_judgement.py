"""Rules in engineering units and the episodes of those that are broken: no learning, no scorer, no budget."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.group_state import GroupState
from offbeat.core.rules import THRESHOLD, Standing
from offbeat.core.transitions import Marks, Transition
from offbeat.core.work import Work

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]


def judge_rules(state: GroupState, work: Work, broken: Floats) -> Iterator[list[Transition]]:
    """Open, update and close episodes of broken rules, each sensor's rows in time order.

    Yields transitions round by round, whose `index` is the row. `state.rules.breach` speaks of the round: the events
    are to be written before the next one is asked for.

    Args:
        state: of the group.
        work: new rows.
        broken: is filled with the surprise of each row [n]: 0 where all rules are kept, NaN where none is for the
            sensor.
    """
    rows = work.rows
    slot = rows.sensor.astype(np.intp)
    for index in work.rounds:
        here, seen = slot[index], work.seen_seconds[index]
        time = rows.time_seconds[index]
        standing = state.rules.judge(here, time, seen, rows.values[index], rows.mask[index])
        counts = np.where(standing.surprise >= THRESHOLD, standing.surprise, np.float32(0))
        broken[index] = np.where(standing.applies, counts, np.float32(np.nan))
        yield state.episodes.judge(_marks(here, index, time, seen, standing))


def judge_waiting(state: GroupState, now: float, listening_since: float) -> list[Transition]:
    """Open episodes of sensors whose last readings have broken a rule for long enough, though they say no more.

    Args:
        state: of the group.
        now: log time.
        listening_since: log time from which on another reading could have been heard.
    """
    found = state.rules.wait(now, listening_since)
    if found is None:
        return []
    slot, standing = found
    nowhere, time = np.full(len(slot), -1, np.intp), np.full(len(slot), now)
    return state.episodes.judge(_marks(slot, nowhere, time, time, standing))


def _marks(slot: Slots, index: Slots, time: Doubles, seen: Doubles, standing: Standing) -> Marks:
    return Marks(
        key=slot * len(TRACKS) + Track.RULE,
        index=index,
        time=time,
        # Not when it was looked at: the id of an episode is made of its start.
        start=np.where(np.isfinite(standing.start), standing.start, time),
        seen=seen,
        surprise=standing.surprise,
        threshold=np.full(len(slot), THRESHOLD, np.float32),
        score=standing.score,
    )
