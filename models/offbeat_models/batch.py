"""Padded batches of rows and windows: the only place that pads, and the shapes that calls are rounded up to.

Padded tensors with masks are exact, and faster than `PackedSequence`, which runs one product a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

LENGTH_BUCKETS = (8, 16, 32, 64, 128, 256)
"""Lengths that sequences are padded up to, so that oneDNN compiles few shapes; above, powers of two."""


LARGEST_VALUE = 1e6
"""Squashed values stay far below this; what is beyond is cut off, so that nothing overflows."""

LONGEST_TIME_GAPS = 1e9
"""Times and gaps are cut off here, in median gaps."""


def next_power_of_two(count: int) -> int:
    """Return the smallest power of two that is at least `count`, itself at least 1."""
    return 1 << max(count - 1, 0).bit_length()


def length_bucket(length: int) -> int:
    """Return the padded length that a window of `length` rows runs at."""
    return next((b for b in LENGTH_BUCKETS if b >= length), next_power_of_two(length))


def _length_buckets(lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the bucket of each length, looked up once for each that there is."""
    known, place = np.unique(lengths, return_inverse=True)
    return np.array([length_bucket(int(n)) for n in known], np.int64)[place]


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
class RowBatch:
    """Rows of B sensors as right-padded sequences, clean: zero where not observed and in the padding.

    Attributes:
        x: squashed normalised values, float32 [B, L, C].
        mask: 1 where observed, float32 [B, L, C].
        gap: time since the row before in median gaps, float32 [B, L], >= 0; 0 for first rows.
        lengths: int64 [B], each at least 1.
        row: row of the sensor in the model's tables, int64 [B]; 0 = unknown sensor.
    """

    x: Tensor
    mask: Tensor
    gap: Tensor
    lengths: Tensor
    row: Tensor

    def __len__(self) -> int:
        """Return the number of sequences."""
        return int(self.x.shape[0])

    def inside(self) -> Tensor:
        """Return the bool mask [B, L] of the rows that are not padding."""
        return inside(self.lengths, self.x.shape[1])

    def seen_through(self, shown: Tensor) -> RowBatch:
        """Return the same rows with only what `shown` [B, L, C] marks observed."""
        mask = self.mask * shown
        x = torch.where(mask > 0, self.x, self.x.new_zeros(()))
        return RowBatch(x, mask, self.gap, self.lengths, self.row)

    def resized(self, index: Tensor, length: int) -> RowBatch:
        """Return the sequences at `index` [n], padded or cut to `length` rows; none may be longer."""
        x, mask, gap = (_resize(t[index], length) for t in (self.x, self.mask, self.gap))
        return RowBatch(x, mask, gap, self.lengths[index], self.row[index])


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
        """Return a batch with everything unobserved replaced by 0; what is not finite counts as unobserved.

        Selection, not multiplication: NaN * 0 is NaN.
        """
        within = inside(lengths, x.shape[1])
        observed = (mask > 0) & within[..., None] & torch.isfinite(x)
        zero = x.new_zeros(())
        value = torch.where(observed, x.clamp(-LARGEST_VALUE, LARGEST_VALUE), zero)
        time = torch.where(within, tau.nan_to_num(0.0).clamp(-LONGEST_TIME_GAPS, 0.0), zero)
        return cls(value, observed.to(x.dtype), time, lengths, row)

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
        floats = [torch.as_tensor(np.array(a, np.float32), device=device) for a in (x, mask, tau)]
        ints = [torch.as_tensor(np.array(a, np.int64), device=device) for a in (lengths, row)]
        return cls.clean(floats[0], floats[1], floats[2], ints[0], ints[1])

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.x.shape[0])

    def inside(self) -> Tensor:
        """Return the bool mask [B, L] of the rows that are not padding."""
        return inside(self.lengths, self.x.shape[1])

    def rows(self) -> RowBatch:
        """Return the windows as a causal reader sees them: gaps instead of times."""
        step = torch.diff(self.tau, dim=1, prepend=self.tau[:, :1])
        gap = torch.where(self.inside(), step, step.new_zeros(())).clamp_min(0.0)
        return RowBatch(self.x, self.mask, gap, self.lengths, self.row)

    def span(self) -> Tensor:
        """Return the time from the first row to the last in median gaps, [B]."""
        return -self.tau[:, 0]

    def resized(self, index: Tensor, length: int) -> WindowBatch:
        """Return the windows at `index` [n], padded or cut to `length` rows; none may be longer."""
        x, mask, tau = (_resize(t[index], length) for t in (self.x, self.mask, self.tau))
        return WindowBatch(x, mask, tau, self.lengths[index], self.row[index])

    def with_rows(self, row: Tensor) -> WindowBatch:
        """Return the same windows under other sensor rows [B]."""
        return WindowBatch(self.x, self.mask, self.tau, self.lengths, row)


def _resize(values: Tensor, length: int) -> Tensor:
    """Return [B, L, ...] with `length` rows, zero-padded or cut at the end."""
    missing = length - values.shape[1]
    if missing <= 0:
        return values[:, :length]
    return torch.cat([values, values.new_zeros(values.shape[0], missing, *values.shape[2:])], 1)


def calls(lengths: NDArray[np.integer], most: int) -> Iterator[tuple[NDArray[np.intp], int, int]]:
    """Yield (indices, padded count, padded length) of calls that together run all sequences.

    Sequences of one length bucket run together, at most `most` at a time, and the count is rounded up to a
    power of two: few shapes, little padding, and results that do not depend on the company.

    Args:
        lengths: rows of each sequence, [B].
        most: sequences of a call, a power of two.
    """
    order = np.argsort(lengths, kind="stable")
    bucket = _length_buckets(lengths[order])
    for length in np.unique(bucket):
        same = order[bucket == length]
        for start in range(0, len(same), most):
            index = same[start : start + most]
            count = next_power_of_two(len(index))
            yield index, count, int(length)
