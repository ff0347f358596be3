"""Scoring a group's sensors with one model: arrays in, arrays out, state carried in between.

What comes back does not depend on which sensors share a call. Shapes are rounded up to buckets, so that the
oneDNN primitive cache stays small; padding changes no result.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from offbeat_models.base import WindowModel
from offbeat_models.batch import (
    LARGEST_VALUE,
    LENGTH_BUCKETS,
    LONGEST_TIME_GAPS,
    RowBatch,
    WindowBatch,
    calls,
)
from offbeat_models.features import Carried
from offbeat_models.layers import gaussian_nll, masked_mean
from offbeat_models.stepping import StepKernel

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

LONGEST_BY_HAND = 4
"""Sequences up to this many rows run row by row; longer ones through the fused kernel."""

WINDOWS_PER_CALL = 64
"""Windows run together on the CPU: more fall out of its cache."""

SEQUENCES_PER_CALL = 128
"""Sequences of more than `LONGEST_BY_HAND` rows run together on the CPU."""

GPU_FACTOR = 16
"""How many times as much runs together on a GPU."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What was expected of new rows before they were seen; NaN where nothing could be said.

    Attributes:
        value_nll: by channel, float32 [B, L, C]; NaN where not observed, in first rows and in the padding.
        gap_nll: float32 [B, L]; NaN in first rows, in the padding and where no time passed.
        mean: expected values, float32 [B, L, C]; NaN in first rows and in the padding.
        sigma: their deviations, float32 [B, L, C]; NaN likewise.
    """

    value_nll: Floats
    gap_nll: Floats
    mean: Floats
    sigma: Floats


@dataclass(frozen=True, slots=True)
class WindowScores:
    """How badly the recent rows fit their window; NaN where none of them was observed.

    Attributes:
        nll: mean negative log-likelihood of the observed values among the recent rows, float32 [B].
        channel_nll: the same by channel, float32 [B, C].
    """

    nll: Floats
    channel_nll: Floats


class GroupScorer:
    """Scores the sensors of one group. One thread at a time may use it.

    Args:
        model: trained; it is put into evaluation mode. On another device than its own a copy of it runs: from a
            device that failed nothing can be fetched any more.
        capacity: number of slots.
        device: where it runs.

    Attributes:
        non_finite_outputs: results that were not finite and became NaN, so far.
        non_finite_inputs: observed values that were not finite and were taken as not observed, so far.
    """

    def __init__(self, model: WindowModel, capacity: int, device: torch.device | None = None) -> None:
        self.device = device or torch.device("cpu")
        self._model = _on_device(model, self.device).eval().requires_grad_(requires_grad=False)
        self._kernel = StepKernel(self._model.causal)
        self._hidden, self._channels = model.config.hidden, model.config.channels
        self._state = torch.zeros(capacity, Carried.width(self._hidden, self._channels), device=self.device)
        self._factor = 1 if self.device.type == "cpu" else GPU_FACTOR
        self.capacity = capacity
        self.non_finite_outputs = 0
        self.non_finite_inputs = 0
        self.reset(np.arange(capacity))

    @property
    def state_bytes(self) -> int:
        """Memory of the carried states."""
        return self._state.numel() * self._state.element_size()

    def reset(self, slots: Ints) -> None:
        """Forget what was read of the sensors in `slots` [n]."""
        with torch.inference_mode():
            nothing = Carried.fresh(self._state.new_zeros(1, 1, self._channels), self._hidden)
            self._state[self._index(slots)] = nothing.packed()

    def alive(self, slots: Ints) -> Bools:
        """Return for which of `slots` [n] something was read, bool [n]."""
        with torch.inference_mode():
            return np.asarray(self._state[self._index(slots), -1].cpu().numpy() > 0)

    def warm_up(self, longest: int, recent: int) -> None:
        """Run every shape of `window` up to `longest` rows once: first calls compile kernels."""
        count = 1
        while count <= WINDOWS_PER_CALL * self._factor:
            for length in (n for n in LENGTH_BUCKETS if n <= longest):
                zeros = np.zeros((count, length, self._channels), np.float32)
                lengths, row = np.full(count, length), np.zeros(count, np.int64)
                self.window(row, zeros, zeros, zeros[..., 0], lengths, recent)
            count *= 2

    def step(self, slots: Ints, row: Ints, x: Floats, mask: Floats, gap: Floats, lengths: Ints) -> Steps:
        """Read new rows on from the carried states and say what was expected of each.

        Args:
            slots: [B], no slot twice.
            row: the sensors' rows in the model, [B]; 0 = unknown sensor.
            x: squashed normalised values, [B, L, C].
            mask: 1 where observed, [B, L, C].
            gap: time since the row before in median gaps, [B, L]; 0 for a sensor's first row.
            lengths: [B], each at least 1.
        """
        with torch.inference_mode():
            index, rows, observed = self._index(slots), *self._rows(row, x, mask, gap, lengths)
            alive = self._state[index, -1]
            run = self._step_by_hand if x.shape[1] <= LONGEST_BY_HAND else self._step_fused
            begun, value_nll, gap_nll, mean, sigma = fetched(alive, *run(index, rows, lengths))
        known = _inside(lengths, x.shape[1])
        known[:, 0] &= begun > 0
        each = np.broadcast_to(known[..., None], mean.shape)
        return Steps(
            self._where(observed & each, value_nll),
            self._where(known & (gap > 0), gap_nll),
            self._where(each, mean),
            self._where(each, sigma),
        )

    def encode(self, slots: Ints, row: Ints, x: Floats, mask: Floats, gap: Floats, lengths: Ints) -> None:
        """Replace the carried states by what reading these sequences from their start leaves.

        After a new model was loaded this rebuilds from windows what was carried. Arguments as in `step`.
        """
        with torch.inference_mode():
            index, rows = self._index(slots), self._rows(row, x, mask, gap, lengths)[0]
            for chosen, padded, length in calls(lengths, SEQUENCES_PER_CALL * self._factor):
                full = rows.resized(self._filled(chosen, padded), length)
                carried = self._model.causal.rebuild(full).packed()[: len(chosen)]
                self._state[index[self._tensor(chosen)]] = carried

    def window(
        self, row: Ints, x: Floats, mask: Floats, tau: Floats, lengths: Ints, recent: int
    ) -> WindowScores:
        """Judge the last rows of windows by what the latent of the whole window makes of them.

        Args:
            row: [B], as in `step`.
            x: [B, L, C], as in `step`.
            mask: [B, L, C], as in `step`.
            tau: time relative to the last row in median gaps, [B, L], <= 0.
            lengths: [B], each at least 1.
            recent: how many of the last rows are judged.
        """
        count = len(lengths)
        nll, observed = np.zeros((2, count), np.float32)
        channel_nll, channel_observed = np.zeros((2, count, self._channels), np.float32)
        with torch.inference_mode():
            self._count_inputs(x, mask)
            whole = WindowBatch.from_numpy(x, mask, tau, lengths, row, device=self.device)
            for chosen, padded, length in calls(lengths, WINDOWS_PER_CALL * self._factor):
                part = whole.resized(self._filled(chosen, padded), length)
                scores = fetched(*(s[: len(chosen)] for s in self._judge(part, min(recent, length))))
                nll[chosen], channel_nll[chosen], observed[chosen], channel_observed[chosen] = scores
        return WindowScores(
            self._where(observed > 0, nll),
            self._where(channel_observed > 0, channel_nll),
        )

    def _judge(self, batch: WindowBatch, recent: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return (mean NLL [B], by channel [B, C], observed [B], by channel [B, C]) of the recent rows."""
        posterior = self._model.encode(batch)
        at = batch.lengths[:, None] - recent + torch.arange(recent, device=self.device)  # (B, R)
        there, at = at >= 0, at.clamp_min(0)
        tau = batch.tau.gather(1, at)
        said = self._model.decode(posterior.mean, batch.row, batch.span(), tau)
        each = at[..., None].expand(-1, -1, batch.x.shape[-1])
        mask = batch.mask.gather(1, each) * there[..., None]
        nll = gaussian_nll(batch.x.gather(1, each), said.mean, said.sigma)
        return masked_mean(nll, mask, (1, 2)), masked_mean(nll, mask, 1), mask.sum((1, 2)), mask.sum(1)

    def _step_by_hand(self, index: Tensor, rows: RowBatch, lengths: Ints) -> tuple[Tensor, ...]:
        """Run rows one after the other; only the sequences that have a row at a place run there."""
        batch, length, channels = rows.x.shape
        if length == 1:
            carried = Carried.unpacked(self._state[index], self._hidden, channels)
            said, after = self._kernel(rows.x[:, 0], rows.mask[:, 0], rows.gap[:, 0], rows.row, carried)
            self._state.index_copy_(0, index, after.packed())
            return said.value_nll[:, None], said.gap_nll[:, None], said.mean[:, None], said.sigma[:, None]
        value_nll, mean, sigma = rows.x.new_zeros(3, batch, length, channels)
        gap_nll = rows.x.new_zeros(batch, length)
        for place in range(length):
            here = self._tensor(np.flatnonzero(lengths > place))
            carried = Carried.unpacked(self._state[index[here]], self._hidden, channels)
            x, mask, gap = rows.x[here, place], rows.mask[here, place], rows.gap[here, place]
            said, after = self._kernel(x, mask, gap, rows.row[here], carried)
            self._state.index_copy_(0, index[here], after.packed())
            value_nll[here, place], gap_nll[here, place] = said.value_nll, said.gap_nll
            mean[here, place], sigma[here, place] = said.mean, said.sigma
        return value_nll, gap_nll, mean, sigma

    def _step_fused(self, index: Tensor, rows: RowBatch, lengths: Ints) -> tuple[Tensor, ...]:
        """Run whole sequences through the fused kernel, in calls of bounded shapes."""
        batch, most, channels = rows.x.shape
        value_nll, mean, sigma = rows.x.new_zeros(3, batch, most, channels)
        gap_nll = rows.x.new_zeros(batch, most)
        for chosen, padded, length in calls(lengths, SEQUENCES_PER_CALL * self._factor):
            filled, here, n = self._filled(chosen, padded), self._tensor(chosen), len(chosen)
            carried = Carried.unpacked(self._state[index[filled]], self._hidden, channels)
            said, after = self._model.causal.read(rows.resized(filled, length), carried)
            self._state[index[here]] = after.packed()[:n]
            end = min(length, most)
            value_nll[here, :end] = said.value_nll[:n, :end]
            gap_nll[here, :end] = said.gap_nll[:n, :end]
            mean[here, :end], sigma[here, :end] = said.value.mean[:n, :end], said.value.sigma[:n, :end]
        return value_nll, gap_nll, mean, sigma

    def _rows(self, row: Ints, x: Floats, mask: Floats, gap: Floats, lengths: Ints) -> tuple[RowBatch, Bools]:
        """Return clean rows on the device, and where they were observed."""
        self._count_inputs(x, mask)
        within = _inside(lengths, x.shape[1])
        observed = (mask > 0) & within[..., None] & np.isfinite(x)
        value = np.where(observed, np.clip(x, -LARGEST_VALUE, LARGEST_VALUE), np.float32(0))
        passed = np.where(within & (gap > 0), np.minimum(gap, LONGEST_TIME_GAPS), np.float32(0))
        floats = (self._tensor(a.astype(np.float32, copy=False)) for a in (value, observed, passed))
        on_device = RowBatch(
            next(floats), next(floats), next(floats), self._tensor(lengths), self._tensor(row)
        )
        return on_device, observed

    def _count_inputs(self, x: Floats, mask: Floats) -> None:
        bad = ~np.isfinite(x)
        if bad.any():
            self.non_finite_inputs += int((bad & (mask > 0)).sum())

    def _where(self, said: Bools, values: Floats) -> Floats:
        """Return values where something was said and it is finite, NaN elsewhere; count the rest."""
        usable = said & np.isfinite(values)
        self.non_finite_outputs += int(said.sum()) - int(usable.sum())
        return np.where(usable, values, np.float32(np.nan))

    def _index(self, slots: Ints) -> Tensor:
        if len(slots) and not 0 <= int(slots.min()) <= int(slots.max()) < self.capacity:
            raise IndexError(
                f"slots {int(slots.min())}..{int(slots.max())} asked of a scorer with {self.capacity} slots"
            )
        return self._tensor(slots)

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        """Return an array on the device; whole numbers as int64."""
        kind = np.int64 if np.issubdtype(array.dtype, np.integer) else array.dtype
        return torch.as_tensor(np.array(array, kind), device=self.device)

    def _filled(self, chosen: NDArray[np.intp], padded: int) -> Tensor:
        """Return the indices of a call with its count rounded up: the first stands in for what is missing."""
        return self._tensor(np.concatenate([chosen, np.repeat(chosen[:1], padded - len(chosen))]))


def fetched(*tensors: Tensor) -> list[Floats]:
    """Return float tensors as arrays, from another device in one go: each transfer waits for the device."""
    if all(tensor.device.type == "cpu" for tensor in tensors):
        return [tensor.numpy() for tensor in tensors]
    whole = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu().numpy()
    ends = np.cumsum([tensor.numel() for tensor in tensors])[:-1]
    parts = np.split(whole, ends)
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def _on_device(model: WindowModel, device: torch.device) -> WindowModel:
    own = next(model.parameters()).device
    return model if own.type == device.type else copy.deepcopy(model).to(device)


def _inside(lengths: Ints, length: int) -> Bools:
    return np.asarray(np.arange(length)[None, :] < np.asarray(lengths)[:, None])
