"""Padded batches of windows: the only place that pads, and the shapes that calls are rounded up to.

Padded tensors with masks are exact and faster than `PackedSequence`, which runs one small product per time step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

LENGTH_BUCKETS = (16, 32, 64, 128, 256)
"""Lengths that sequences are padded up to, so that oneDNN compiles few shapes; above, powers of two."""


def next_power_of_two(count: int) -> int:
    """Return the smallest power of two that is at least `count`, itself at least 1."""
    return 1 << max(count - 1, 0).bit_length()


def length_bucket(length: int) -> int:
    """Return the padded length that a window of `length` rows runs at."""
    return next((b for b in LENGTH_BUCKETS if b >= length), next_power_of_two(length))


def inside(lengths: Tensor, length: int) -> Tensor:
    """Return a bool mask [B, L], True on the rows before each sequence's end."""
    return torch.arange(length, device=lengths.device)[None, :] < lengths[:, None]


def pad(sequences: Sequence[NDArray[np.float32]], length: int) -> NDArray[np.float32]:
    """Stack sequences of shape [n, ...] into one zero-padded array [B, length, ...].

    Args:
        sequences: at least one; equal trailing shapes, none longer than `length`.
        length: the common padded length.
    """
    out = np.zeros((len(sequences), length, *sequences[0].shape[1:]), np.float32)
    for i, sequence in enumerate(sequences):
        out[i, : len(sequence)] = sequence
    return out


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Right-padded windows of B sensors, clean: all zero where not observed and in the padding.

    Build it with `WindowBatch.clean`, which makes what stands in unobserved places irrelevant.

    Attributes:
        x: squashed normalised values, float32 [B, L, C].
        mask: 1 where observed, float32 [B, L, C].
        tau: time relative to the last row in median gaps, float32 [B, L], <= 0, ascending.
        lengths: int64 [B], each at least 1.
        row: row of the sensor in the model's tables, int64 [B]; 0 = unknown sensor.
    """

    x: Tensor
    mask: Tensor
    tau: Tensor
    lengths: Tensor
    row: Tensor

    @classmethod
    def clean(cls, x: Tensor, mask: Tensor, tau: Tensor, lengths: Tensor, row: Tensor) -> WindowBatch:
        """Return a batch with everything unobserved replaced by 0, NaN included.

        Selection, not multiplication: NaN * 0 is NaN.
        """
        within = inside(lengths, x.shape[1])
        observed = (mask > 0) & within[..., None]
        zero = x.new_zeros(())
        return cls(
            torch.where(observed, x, zero), observed.to(x.dtype), torch.where(within, tau, zero), lengths, row
        )

    @classmethod
    def from_numpy(
        cls,
        x: ArrayLike,
        mask: ArrayLike,
        tau: ArrayLike,
        lengths: ArrayLike,
        row: ArrayLike,
        device: torch.device | None = None,
    ) -> WindowBatch:
        """Return a clean batch from arrays of the shapes named in the class, on `device`."""
        floats = [torch.as_tensor(np.asarray(a, np.float32), device=device) for a in (x, mask, tau)]
        ints = [torch.as_tensor(np.asarray(a, np.int64), device=device) for a in (lengths, row)]
        return cls.clean(floats[0], floats[1], floats[2], ints[0], ints[1])

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.x.shape[0])

    def inside(self) -> Tensor:
        """Return the bool mask [B, L] of the rows that are not padding."""
        return inside(self.lengths, self.x.shape[1])

    def gap(self) -> Tensor:
        """Return the time since the row before, in median gaps, [B, L]; 0 for first rows and in the padding."""
        step = torch.diff(self.tau, dim=1, prepend=self.tau[:, :1])
        return torch.where(self.inside(), step, step.new_zeros(())).clamp_min(0.0)

    def span(self) -> Tensor:
        """Return the time from the first row to the last in median gaps, [B]."""
        return -self.tau[:, 0]

    def select(self, index: Tensor) -> WindowBatch:
        """Return the windows at `index` [n], in that order."""
        return WindowBatch(
            self.x[index], self.mask[index], self.tau[index], self.lengths[index], self.row[index]
        )

    def with_rows(self, row: Tensor) -> WindowBatch:
        """Return the same windows under other sensor rows [B]."""
        return WindowBatch(self.x, self.mask, self.tau, self.lengths, row)
