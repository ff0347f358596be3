"""Windows for the model: which are due, laid out as jobs, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from offbeat.core import horizon
from offbeat.core.group_state import GroupState
from offbeat.core.jobs import StepJob, WindowJob, WindowResult
from offbeat.core.learnt import Learnt
from offbeat.core.normalisers import COMMISSIONED, UNKNOWN
from offbeat.core.windows import WindowSlice
from offbeat_models.windows import relative_time, squash

Slots = NDArray[np.intp]

FEWEST_ROWS = 8
"""A shorter window says nothing that its rows did not say one by one."""

_SHORTEST = 32


def due(state: GroupState, now: float, limit: int) -> Iterator[WindowJob]:
    """Yield jobs of the windows that are due; windows of like length share one, so that little is padding."""
    learnt = state.learnt
    if learnt is None or learnt.model is None:
        return
    slots = state.schedule.due(now, limit)
    fit = (learnt.normalisers.stage[slots] != UNKNOWN) & (state.windows.counts[slots] >= FEWEST_ROWS)
    state.schedule.done(slots[~fit])
    slots = np.sort(slots[fit])
    length = state.windows.counts[slots]
    bucket = np.ceil(np.log2(np.maximum(length, _SHORTEST))).astype(np.int64)
    recent = recent_rows(learnt.normalisers.unit_seconds[slots], state.settings.window_recent_rows)
    for b, rows in np.unique(np.stack([bucket, recent], axis=1), axis=0).tolist():
        here = slots[(bucket == b) & (recent == rows)]
        windows = state.windows.latest(here, int(state.windows.counts[here].max()))
        yield _window_job(state, learnt, here, windows, rows)


def recent_rows(unit_seconds: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return how many of its newest rows a window's score speaks of, at most `most`: those of some hours, 4 at least.

    A power of two below that, so that sensors of like pace share a job.
    """
    hours = np.clip(horizon.HOURS_4 / np.maximum(unit_seconds, 1e-9), horizon.FEWEST_ROWS, 1 << 20)
    rows = np.exp2(np.floor(np.log2(hours))).astype(np.int64)
    return np.minimum(rows, most)


def _window_job(
    state: GroupState, learnt: Learnt, slots: Slots, windows: WindowSlice, recent: int
) -> WindowJob:
    last = windows.times_seconds[np.arange(len(slots)), windows.lengths - 1]
    known = learnt.normalisers.known(slots, windows.mask)
    z = learnt.normalisers.normalise(slots, windows.values, known)
    return WindowJob(
        group=state.index,
        sensor=slots.astype(np.int32),
        row=learnt.row[slots].astype(np.int64),
        x=squash(z),
        mask=known.astype(np.float32),
        tau=relative_time(windows.times_seconds, windows.lengths, learnt.normalisers.unit_seconds[slots]),
        lengths=windows.lengths,
        recent=recent,
        last_time_seconds=last,
    )


def answered(state: GroupState, job: WindowJob, result: WindowResult | None) -> None:
    """Take in what a model said about windows, or that it said nothing."""
    slots = job.sensor.astype(np.intp)
    state.schedule.done(slots)
    if state.learnt is not None and result is not None:
        state.learnt.models.window(slots, result.nll)


def rebuild_jobs(state: GroupState, at_once: int) -> Iterator[StepJob]:
    """Yield the windows of all scored sensors as rows for the carried state to be read from anew."""
    learnt = state.learnt
    if learnt is None or learnt.model is None:
        return
    stage = learnt.normalisers.stage[: state.size]
    # A provisional sensor has been read by the model from the row on that its normaliser was not learnt from.
    read = (stage == COMMISSIONED) | (state.rows[: state.size] > learnt.first_rows)
    slots = np.flatnonzero((stage != UNKNOWN) & read & (state.windows.counts[: state.size] > 0))
    for start in range(0, len(slots), at_once):
        here = slots[start : start + at_once]
        windows = state.windows.latest(here, int(state.windows.counts[here].max()))
        gaps = np.diff(windows.times_seconds, axis=1, prepend=windows.times_seconds[:, :1])
        inside = np.arange(gaps.shape[1]) < windows.lengths[:, None]
        unit, known = learnt.normalisers.unit_seconds[here], learnt.normalisers.known(here, windows.mask)
        yield StepJob(
            group=state.index,
            sensor=here.astype(np.int32),
            row=learnt.row[here].astype(np.int64),
            x=squash(learnt.normalisers.normalise(here, windows.values, known)),
            mask=known.astype(np.float32),
            gap=np.where(inside, gaps / unit[:, None], 0.0).astype(np.float32),
            lengths=windows.lengths,
        )
