"""Scoring a group's sensors with a baseline: the interface of `offbeat_models.scoring.GroupScorer`, without torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat_models.baselines.base import Baseline
from offbeat_models.baselines.history import HISTORY_ROWS, Bools, Floats, History
from offbeat_models.scoring import Steps, WindowScores

Ints = NDArray[np.integer]

ROWS_PER_CALL = 2048
"""Rows judged together; a row's judgement does not depend on the others."""


class BaselineScorer:
    """Scores the sensors of one group with a fitted baseline. One thread at a time may use it.

    Args:
        baseline: fitted.
        capacity: number of slots.

    Attributes:
        non_finite_outputs: results that were not finite and became NaN, so far.
        non_finite_inputs: observed values that were not finite and were taken as not observed, so far.
    """

    def __init__(self, baseline: Baseline, capacity: int) -> None:
        channels = baseline.config.channels
        self._baseline, self._channels = baseline, channels
        self._x = np.zeros((capacity, HISTORY_ROWS, channels), np.float32)
        self._mask = np.zeros((capacity, HISTORY_ROWS, channels), np.bool_)
        self._gap = np.zeros((capacity, HISTORY_ROWS), np.float32)
        self._count = np.zeros(capacity, np.int64)
        self.capacity = capacity
        self.non_finite_outputs = 0
        self.non_finite_inputs = 0

    @property
    def state_bytes(self) -> int:
        """Memory of the carried histories."""
        return self._x.nbytes + self._mask.nbytes + self._gap.nbytes + self._count.nbytes

    def reset(self, slots: Ints) -> None:
        """Forget what was read of the sensors in `slots` [n]."""
        self._count[slots] = 0

    def alive(self, slots: Ints) -> Bools:
        """Return for which of `slots` [n] something was read, bool [n]."""
        return np.asarray(self._count[slots] > 0)

    def warm_up(self, longest: int, recent: int) -> None:
        """Do nothing: there is nothing to compile."""

    def step(self, slots: Ints, row: Ints, x: Floats, mask: Floats, gap: Floats, lengths: Ints) -> Steps:
        """Read new rows on from the carried histories and judge each; arguments as in `GroupScorer.step`."""
        batch, length, channels = x.shape
        xs, masks, gaps, before = self._joined(slots, x, mask, gap)
        sequence, place = np.nonzero(np.arange(length)[None, :] < np.asarray(lengths)[:, None])
        value, mean, sigma = np.full((3, batch, length, channels), np.nan, np.float32)
        gap_nll = np.full((batch, length), np.nan, np.float32)
        rows = np.asarray(row, np.int64)
        for start in range(0, len(sequence), ROWS_PER_CALL):
            s, p = sequence[start : start + ROWS_PER_CALL], place[start : start + ROWS_PER_CALL]
            at = (p + 1)[:, None] + np.arange(HISTORY_ROWS)[None, :]
            seen = np.minimum(before[s] + p + 1, HISTORY_ROWS)
            history = History(xs[s[:, None], at], masks[s[:, None], at], gaps[s[:, None], at], seen, rows[s])
            said, known = self._baseline.judge(history), seen > 1
            value[s, p] = self._where(known[:, None] & history.mask[:, -1], said.nll)
            mean[s, p] = self._where(np.broadcast_to(known[:, None], said.mean.shape), said.mean)
            sigma[s, p] = self._where(np.broadcast_to(known[:, None], said.sigma.shape), said.sigma)
            passed = history.gap[:, -1]
            gap_nll[s, p] = self._where(known & (passed > 0), self._baseline.gap_nll(rows[s], passed))
        self._keep(slots, xs, masks, gaps, before, lengths)
        return Steps(value, gap_nll, mean, sigma)

    def encode(
        self,
        slots: Ints,
        row: Ints,  # noqa: ARG002 - as GroupScorer
        x: Floats,
        mask: Floats,
        gap: Floats,
        lengths: Ints,
    ) -> None:
        """Replace the carried histories by the ends of these sequences; arguments as in `step`."""
        self.reset(slots)
        self._keep(slots, *self._joined(slots, x, mask, gap), lengths)

    def window(
        self, row: Ints, x: Floats, mask: Floats, tau: Floats, lengths: Ints, recent: int
    ) -> WindowScores:
        """Judge the ends of windows; arguments as in `GroupScorer.window`."""
        last: NDArray[np.int64] = np.asarray(lengths, np.int64)
        rows: NDArray[np.int64] = np.asarray(row, np.int64)
        observed = self._observed(x, mask)
        clean = np.where(observed, x, np.float32(0.0))
        gap = np.maximum(np.diff(tau, axis=1, prepend=tau[:, :1]), np.float32(0.0)).astype(np.float32)
        front = ((0, 0), (HISTORY_ROWS, 0))
        xs, masks = np.pad(clean, (*front, (0, 0))), np.pad(observed, (*front, (0, 0)))
        gaps = np.pad(gap, front)
        at = last[:, None] - recent + np.arange(recent)[None, :]
        sequence, which = np.nonzero(at >= 0)
        seen = masks[np.arange(len(rows))[:, None], np.maximum(at, 0) + HISTORY_ROWS] & (at >= 0)[..., None]
        nll = self._whole(rows, xs, masks, gaps, last)
        if nll is None:
            nll = self._row_by_row(rows, xs, masks, gaps, at, sequence, which)
        judged = seen.any(axis=1)  # (B, C)
        count = judged.sum(axis=1)
        total = np.einsum("bc->b", np.ascontiguousarray(np.where(judged, nll, np.float32(0.0))))
        mean = np.asarray(total / np.maximum(count, 1), np.float32)
        return WindowScores(self._where(count > 0, mean), self._where(judged, nll))

    def _whole(
        self, rows: NDArray[np.int64], x: Floats, mask: Bools, gap: Floats, lengths: NDArray[np.int64]
    ) -> Floats | None:
        """Return what the baseline makes of whole windows, [B, C]; None if it has no such judgement."""
        parts = []
        for start in range(0, len(rows), ROWS_PER_CALL):
            s = np.arange(start, min(start + ROWS_PER_CALL, len(rows)))
            at = lengths[s][:, None] + np.arange(HISTORY_ROWS)[None, :]
            count = np.minimum(lengths[s], HISTORY_ROWS)
            history = History(x[s[:, None], at], mask[s[:, None], at], gap[s[:, None], at], count, rows[s])
            judged = self._baseline.judge_window(history)
            if judged is None:
                return None
            parts.append(judged)
        return np.concatenate(parts) if parts else np.zeros((0, self._channels), np.float32)

    def _row_by_row(
        self,
        rows: NDArray[np.int64],
        x: Floats,
        mask: Bools,
        gap: Floats,
        ends: NDArray[np.int64],
        sequence: NDArray[np.intp],
        which: NDArray[np.intp],
    ) -> Floats:
        """Return the mean judgement of the recent rows by channel, [B, C]."""
        batch, recent, channels = *ends.shape, self._channels
        each, seen = np.zeros((2, batch, recent, channels), np.float32)
        for start in range(0, len(sequence), ROWS_PER_CALL):
            s, r = sequence[start : start + ROWS_PER_CALL], which[start : start + ROWS_PER_CALL]
            end = ends[s, r]
            at = (end + 1)[:, None] + np.arange(HISTORY_ROWS)[None, :]
            count = np.minimum(end + 1, HISTORY_ROWS)
            history = History(x[s[:, None], at], mask[s[:, None], at], gap[s[:, None], at], count, rows[s])
            seen[s, r] = history.mask[:, -1]
            each[s, r] = np.where(history.mask[:, -1], self._baseline.judge(history).nll, np.float32(0.0))
        total, count = np.einsum("brc->bc", each), np.einsum("brc->bc", seen)
        return np.asarray(total / np.maximum(count, np.float32(1.0)), np.float32)

    def _joined(
        self, slots: Ints, x: Floats, mask: Floats, gap: Floats
    ) -> tuple[Floats, Bools, Floats, NDArray[np.int64]]:
        """Return carried and new rows in one, [B, K + L, ...], and how many were carried [B]."""
        observed = self._observed(x, mask)
        clean = np.where(observed, x, np.float32(0.0))
        passed = np.where(gap > 0, gap, np.float32(0.0)).astype(np.float32)
        before = self._count[slots]
        there = np.arange(HISTORY_ROWS)[None, :] >= HISTORY_ROWS - before[:, None]
        carried = self._mask[slots] & there[..., None]
        return (
            np.concatenate([np.where(carried, self._x[slots], np.float32(0.0)), clean], axis=1),
            np.concatenate([carried, observed], axis=1),
            np.concatenate([self._gap[slots], passed], axis=1),
            before,
        )

    def _keep(
        self, slots: Ints, x: Floats, mask: Bools, gap: Floats, before: NDArray[np.int64], lengths: Ints
    ) -> None:
        """Carry the ends of joined sequences."""
        sequence = np.arange(len(slots))[:, None]
        at = np.asarray(lengths)[:, None] + np.arange(HISTORY_ROWS)[None, :]
        self._x[slots], self._mask[slots], self._gap[slots] = (
            x[sequence, at],
            mask[sequence, at],
            gap[sequence, at],
        )
        self._count[slots] = np.minimum(before + lengths, HISTORY_ROWS)

    def _observed(self, x: Floats, mask: Floats) -> Bools:
        finite = np.isfinite(x)
        self.non_finite_inputs += int(((mask > 0) & ~finite).sum())
        return np.asarray((mask > 0) & finite)

    def _where(self, said: Bools, values: Floats) -> Floats:
        """Return values where something was said and it is finite, NaN elsewhere; count the rest."""
        usable = said & np.isfinite(values)
        self.non_finite_outputs += int(said.sum()) - int(usable.sum())
        return np.where(usable, values, np.float32(np.nan))
