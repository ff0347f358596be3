"""What is known of sensors now, as arrays: for retained state, metrics and pages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bands import telling_band
from offbeat.core.episode_rules import TRACKS
from offbeat.core.group_state import GroupState
from offbeat.core.normalisers import COMMISSIONED, PROVISIONAL

KINDS: tuple[str, ...] = tuple(rule.kind for rule in TRACKS.values())
"""Kinds of episodes, in the order of `SensorStates.is_open`."""


class Readiness(IntEnum):
    """How far a sensor is on its way to being judged."""

    LEARNING = 0
    """Only its silence is judged."""
    PROVISIONAL = 1
    """Judged by its own first readings and by the fleet's laws."""
    READY = 2
    """Judged by its own laws."""


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
        readiness: codes of `Readiness`, int8 [n].
        progress: how much of what the next stage needs is there, 0 to 1, float32 [n].
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
    readiness: NDArray[np.int8]
    progress: NDArray[np.float32]
    usual_gap_seconds: NDArray[np.float64]
    late: NDArray[np.int32]

    def open_kinds(self, i: int) -> tuple[str, ...]:
        """Return the kinds of episodes that sensor number i has open."""
        return tuple(kind for kind, is_open in zip(KINDS, self.is_open[i], strict=True) if is_open)


def states_of(state: GroupState, slots: NDArray[np.intp]) -> SensorStates:
    """Return what is known of some sensors of a group; copies."""
    readiness, progress = _readiness(state, slots)
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
        readiness=readiness,
        progress=progress,
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


def _readiness(state: GroupState, slots: NDArray[np.intp]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    rows, settings = state.rows[slots], state.settings
    to_be_learnt = np.minimum(rows / settings.ready_readings, 1.0)
    if state.learnt is None:
        return np.zeros(len(slots), np.int8), to_be_learnt.astype(np.float32)
    stage = state.learnt.normalisers.stage[slots]
    first = min(settings.provisional_readings, settings.window_readings)
    progress = np.where(stage == PROVISIONAL, to_be_learnt, np.minimum(rows / first, 1.0))
    progress = np.where(stage == COMMISSIONED, 1.0, progress)
    # The stages of a normaliser are those of readiness: unknown, provisional, commissioned.
    return stage.astype(np.int8), progress.astype(np.float32)
