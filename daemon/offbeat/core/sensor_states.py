"""What is known of sensors now, as arrays: for retained state, metrics and pages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bands import telling_band
from offbeat.core.episode_rules import TRACKS
from offbeat.core.group_state import GroupState
from offbeat.core.readiness import Progress, progress_of

KINDS: tuple[str, ...] = tuple(rule.kind for rule in TRACKS.values())
"""Kinds of episodes, in the order of `SensorStates.is_open`."""


@dataclass(frozen=True, slots=True)
class SensorStates:
    """Columns of equal length, in the order of the slots that were asked for.

    Attributes:
        time_seconds: event time of the newest row, float64 [n]; -inf without one.
        heard_seconds: log time of the last message, float64 [n]; -inf without one.
        value: newest value by channel, float32 [n, C]; NaN without one.
        low, high: band that the newest row was expected in, float32 [n, C]; NaN where nothing was expected.
        score: of the newest row, float32 [n]; NaN where it was not judged.
        p_value: of the newest row, float64 [n].
        is_open: which kinds of episodes are open, bool [n, len(KINDS)].
        progress: how far they are on their way to being judged.
        usual_gap_seconds: median time between messages, float64 [n]; NaN if not known.
        late: readings that came after a newer one, int32 [n].
    """

    time_seconds: NDArray[np.float64]
    heard_seconds: NDArray[np.float64]
    value: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    score: NDArray[np.float32]
    p_value: NDArray[np.float64]
    is_open: NDArray[np.bool_]
    progress: Progress
    usual_gap_seconds: NDArray[np.float64]
    late: NDArray[np.int32]

    def open_kinds(self, i: int) -> tuple[str, ...]:
        """Return the kinds of episodes that sensor number i has open."""
        return tuple(kind for kind, is_open in zip(KINDS, self.is_open[i], strict=True) if is_open)


def states_of(state: GroupState, slots: NDArray[np.intp]) -> SensorStates:
    """Return what is known of some sensors of a group; copies."""
    is_open = state.episodes.is_open(slots)
    low, high = _bands(state, slots, np.asarray(is_open.any(axis=1, keepdims=True), np.bool_))
    return SensorStates(
        time_seconds=state.windows.last_time[slots],
        heard_seconds=state.heard[slots],
        value=state.values[slots],
        low=low,
        high=high,
        score=state.score[slots],
        p_value=state.p_value[slots],
        is_open=is_open,
        progress=progress_of(state, slots),
        usual_gap_seconds=state.cadence.median_seconds(slots),
        late=state.late[slots],
    )


def _bands(
    state: GroupState, slots: NDArray[np.intp], strange: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if state.learnt is None:
        nothing = np.full(state.values[slots].shape, np.nan, np.float32)
        return nothing, nothing
    said, normalisers = state.expected[slots], state.learnt.normalisers
    center, scale = normalisers.center[slots], normalisers.scale[slots]
    return telling_band(state.values[slots], strange, said[:, :, 0], said[:, :, 1], center, scale)
