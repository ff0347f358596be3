"""Long views for the model: which are due, laid out as jobs, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from offbeat.core.group_state import GroupState
from offbeat.core.jobs import WindowJob, WindowResult
from offbeat.core.learnt import Learnt
from offbeat.core.long_view import BINS, BinSlice
from offbeat.core.normalisers import UNKNOWN
from offbeat_models.windows import relative_time, squash

Slots = NDArray[np.intp]

FEWEST_BINS = BINS // 4
"""With fewer bins that hold anything there is no course to judge."""

RECENT_BINS = BINS // 2
"""Newest bins of the view that its score speaks of: what is shorter, the recent window sees better."""

STALE_BINS = BINS // 4
"""An answer is said for so many bins' time at most: then half of what it speaks of has passed."""


def due(state: GroupState, limit: int) -> Iterator[WindowJob]:
    """Yield the job of the long views that are due, if any are."""
    learnt, view = state.learnt, state.long_view
    if view is None or learnt is None or learnt.model is None or learnt.commission.long_scale is None:
        return
    slots = np.sort(view.due(limit))
    view.done(slots)
    slots = slots[learnt.normalisers.stage[slots] != UNKNOWN]
    bins = view.closed(slots)
    fit = bins.lengths >= FEWEST_BINS
    if fit.any():
        yield _job(state, learnt, learnt.commission.long_scale, slots[fit], _those(bins, fit))


def _those(bins: BinSlice, which: NDArray[np.bool_]) -> BinSlice:
    return BinSlice(bins.bin[which], bins.values[which], bins.mask[which], bins.lengths[which])


def _job(
    state: GroupState, learnt: Learnt, scale: NDArray[np.float32], slots: Slots, bins: BinSlice
) -> WindowJob:
    row = learnt.row[slots]
    known = learnt.normalisers.known(slots, bins.mask)
    z = learnt.normalisers.normalise(slots, bins.values, known) / scale[row][:, None]
    assert state.long_view is not None
    return WindowJob(
        group=state.index,
        sensor=slots.astype(np.int32),
        row=row.astype(np.int64),
        x=squash(z),
        mask=known.astype(np.float32),
        # Numbers of bins, not seconds: a bin is the view's unit of time, and whole numbers are exact.
        tau=relative_time(bins.bin, bins.lengths, np.ones(len(slots))),
        lengths=bins.lengths,
        recent=RECENT_BINS,
        last_time_seconds=state.long_view.closed_until_seconds(slots),
        long=True,
    )


def answered(state: GroupState, job: WindowJob, result: WindowResult | None) -> None:
    """Take in what a model said about long views, or that it said nothing."""
    if state.learnt is None or state.long_view is None or result is None:
        return
    until = job.last_time_seconds + STALE_BINS * state.long_view.width_seconds
    state.learnt.long.hold(job.sensor.astype(np.intp), result.nll, until)
