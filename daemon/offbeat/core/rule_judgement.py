"""New rows against the rules of their group: no learning, no scorer, no budget."""

from __future__ import annotations

import numpy as np

from offbeat.core.episode_rules import TRACKS, Track
from offbeat.core.episodes import Marks, Transition
from offbeat.core.group_state import GroupState
from offbeat.core.rules import THRESHOLD
from offbeat.core.work import Work


def judge_rules(state: GroupState, work: Work) -> list[Transition]:
    """Open, update and close episodes of broken rules, each sensor's rows in time order."""
    rows, out = work.rows, []
    slot = rows.sensor.astype(np.intp)
    for index in work.rounds:
        here = slot[index]
        surprise, score = state.rules.judge(
            here, rows.time_seconds[index], rows.values[index], rows.mask[index]
        )
        out += state.episodes.judge(
            Marks(
                key=here * len(TRACKS) + Track.RULE,
                index=index,
                time=rows.time_seconds[index],
                start=rows.time_seconds[index],
                seen=work.seen_seconds[index],
                surprise=surprise,
                threshold=np.full(len(index), THRESHOLD, np.float32),
                score=score,
            )
        )
    return out
