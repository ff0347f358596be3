"""What a causal encoder may know of each row: values, masks and how long ago things happened.

Only gaps, never times relative to the window's end: a state carried from reading to reading must not change
when the window slides on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from offbeat_models.batch import RowBatch

LONGEST_GAPS = 1000.0
"""Ages are cut off here, in median gaps; a channel never seen is as old as this."""

NEVER = -1.0
"""Stands in `Carried.since` for a channel that was never seen."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Everything needed to read on: carried from one row to the next, O(1) a sensor.

    Attributes:
        hidden, cell: state of the LSTM, [B, H].
        last: last observed value by channel, [B, C]; 0 if never observed.
        since: age of that value at the last row in median gaps, [B, C]; `NEVER` if never observed.
        alive: bool [B]; False for a sensor of which nothing was read yet.
    """

    hidden: Tensor
    cell: Tensor
    last: Tensor
    since: Tensor
    alive: Tensor

    @classmethod
    def fresh(cls, like: Tensor, hidden: int) -> Carried:
        """Return the state before any row, for a batch of values `like` [B, L, C]."""
        batch, channels = like.shape[0], like.shape[-1]
        state, seen = like.new_zeros(batch, hidden), like.new_zeros(batch, channels)
        alive = torch.zeros(batch, dtype=torch.bool, device=like.device)
        return cls(state, state, seen, seen + NEVER, alive)

    @staticmethod
    def width(hidden: int, channels: int) -> int:
        """Return the size of a packed state."""
        return 2 * hidden + 2 * channels + 1

    def packed(self) -> Tensor:
        """Return all parts side by side, [B, width], to be stored as one row a sensor."""
        alive = self.alive.to(self.hidden.dtype)[:, None]
        return torch.cat([self.hidden, self.cell, self.last, self.since, alive], -1)

    @classmethod
    def unpacked(cls, packed: Tensor, hidden: int, channels: int) -> Carried:
        """Invert `packed`."""
        parts = torch.split(packed, [hidden, hidden, channels, channels, 1], -1)
        h, c, last, since, alive = parts
        return cls(h, c, last, since, alive[:, 0] > 0)


@dataclass(frozen=True, slots=True)
class History:
    """What was known just before each row.

    Attributes:
        last: last observed value by channel, [B, L, C]; 0 if never observed.
        age: log1p of the time since then in median gaps, [B, L, C].
        last_after, since_after: as in `Carried`, after the last row, [B, C].
    """

    last: Tensor
    age: Tensor
    last_after: Tensor
    since_after: Tensor


def _age(since: Tensor) -> Tensor:
    """Return log1p of an age in gaps, `NEVER` counting as the longest."""
    gaps = torch.where(since < 0, LONGEST_GAPS, since).clamp(0.0, LONGEST_GAPS)
    return torch.log1p(gaps)


def log_gap(gap: Tensor) -> Tensor:
    """Return log1p of gaps in median gaps, bounded."""
    return torch.log1p(gap.clamp(0.0, LONGEST_GAPS))


def history(rows: RowBatch, carried: Carried) -> History:
    """Look back from each row at what each channel last said, all rows at once.

    Args:
        rows: clean sequences.
        carried: what was known before their first rows.
    """
    x = rows.x
    batch, length, channels = x.shape
    # Elapsed time in float64: after a silence of 1e6 gaps a float32 sum could not tell 1 gap from none.
    elapsed = torch.cumsum(rows.gap, 1, dtype=torch.float64)[..., None].expand(batch, length, channels)
    index = torch.arange(length, device=x.device)[None, :, None].expand(batch, length, channels)
    newest = torch.cummax(torch.where(rows.mask > 0, index, -1), 1).values  # (B, L, C) newest observed row
    before = torch.cat([newest.new_full((batch, 1, channels), -1), newest[:, :-1]], 1)
    last, since = _look_back(x, elapsed, before, elapsed, carried)
    last_after, since_after = _look_back(x, elapsed, newest[:, -1:], elapsed[:, -1:], carried)
    return History(last, _age(since), last_after[:, 0], since_after[:, 0])


def _look_back(
    x: Tensor, elapsed: Tensor, row: Tensor, now: Tensor, carried: Carried
) -> tuple[Tensor, Tensor]:
    """Return (last value, time since) for observed rows `row` [B, M, C]; -1 is before the first."""
    here, at = row >= 0, row.clamp_min(0)
    since = (now - elapsed.gather(1, at)).to(x.dtype)
    earlier = carried.since[:, None]
    carried_on = torch.where(earlier < 0, NEVER, earlier + now.to(x.dtype))
    return torch.where(here, x.gather(1, at), carried.last[:, None]), torch.where(here, since, carried_on)


def encoder_features(rows: RowBatch, age: Tensor) -> Tensor:
    """Return [B, L, 3C + 1]: values, masks, ages of the channels' last values, log gap."""
    return torch.cat([rows.x, rows.mask, age, log_gap(rows.gap)[..., None]], -1)
