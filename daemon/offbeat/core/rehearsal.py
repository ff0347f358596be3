"""What new laws are to know of the past: after another commission was installed, its streams read the windows.

Else every sensor would begin anew: means over hours, trailing calibrations and the model's carried state would be
empty, an episode that is open would look over, and would be told of again as a new one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from offbeat.core.group_state import GroupState
from offbeat.core.intake import work_of
from offbeat.core.rows import Rows
from offbeat.core.windows import WindowSlice
from offbeat.core.work import Work, split_by_rank

Slots = NDArray[np.intp]


def rehearse(state: GroupState, at_once: int) -> Iterator[Work]:
    """Yield the windows of all sensors as work that nobody is told of; it is to come back like any other.

    Args:
        state: of a group under a new commission; nothing is taken in until the last work was yielded.
        at_once: sensors in one work.
    """
    if state.learnt is None:
        return
    slots = np.flatnonzero(state.windows.counts[: state.size] > 0)
    state.learnt.take_over(slots, state.windows, state.holds)
    for start in range(0, len(slots), at_once):
        here = slots[start : start + at_once]
        rows = _rows(state.index, here, state.windows.latest(here, int(state.windows.counts[here].max())))
        before = state.rows[here] - state.windows.counts[here]
        age = np.maximum(np.repeat(before, state.windows.counts[here]) + rows.rank, 0)
        most = state.settings.step_rows
        for i, part in enumerate(split_by_rank(rows, most)):
            yield work_of(state, part, age[rows.rank // most == i], here[:0], is_rehearsal=True)


def _rows(group: int, slots: Slots, windows: WindowSlice) -> Rows:
    """Return windows as rows, sorted by (sensor, time)."""
    inside = np.arange(windows.times_seconds.shape[1]) < windows.lengths[:, None]
    gaps = np.diff(windows.times_seconds, axis=1, prepend=np.nan)
    rank = np.broadcast_to(np.arange(inside.shape[1], dtype=np.int32), inside.shape)
    return Rows(
        group=group,
        sensor=np.repeat(slots, windows.lengths).astype(np.int32),
        time_seconds=windows.times_seconds[inside],
        gap_seconds=gaps[inside],
        values=windows.values[inside],
        mask=windows.mask[inside],
        rank=rank[inside],
        offset=0,
    )
