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

GAPS_KEPT = 8
"""How many of the last gaps the gap head hears of."""

STRANGEST_PACE = 1.5
"""Logs of gaps approach this, in what the gap head hears of them."""

_LONG_AGO = -1e15


@dataclass(frozen=True, slots=True)
class Carried:
    """Everything needed to read on: carried from one row to the next, O(1) a sensor.

    Attributes:
        hidden, cell: state of the LSTM, [B, H].
        last: last observed value by channel, [B, C]; 0 if never observed.
        since: age of that value at the last row in median gaps, [B, C]; `NEVER` if never observed.
        gaps: last gaps as `pace` tells them, [B, GAPS_KEPT], the newest at the end; 0 if there were none yet.
        alive: bool [B]; False for a sensor of which nothing was read yet.
    """

    hidden: Tensor
    cell: Tensor
    last: Tensor
    since: Tensor
    gaps: Tensor
    alive: Tensor

    @classmethod
    def fresh(cls, like: Tensor, hidden: int) -> Carried:
        """Return the state before any row, for a batch of values `like` [B, L, C]."""
        batch, channels = like.shape[0], like.shape[-1]
        state, seen = like.new_zeros(batch, hidden), like.new_zeros(batch, channels)
        alive = torch.zeros(batch, dtype=torch.bool, device=like.device)
        return cls(state, state, seen, seen + NEVER, like.new_zeros(batch, GAPS_KEPT), alive)

    @staticmethod
    def width(hidden: int, channels: int) -> int:
        """Return the size of a packed state."""
        return 2 * hidden + 2 * channels + GAPS_KEPT + 1

    def packed(self) -> Tensor:
        """Return all parts side by side, [B, width], to be stored as one row a sensor."""
        alive = self.alive.to(self.hidden.dtype)[:, None]
        return torch.cat([self.hidden, self.cell, self.last, self.since, self.gaps, alive], -1)

    @classmethod
    def unpacked(cls, packed: Tensor, hidden: int, channels: int) -> Carried:
        """Invert `packed`."""
        parts = torch.split(packed, [hidden, hidden, channels, channels, GAPS_KEPT, 1], -1)
        h, c, last, since, gaps, alive = parts
        return cls(h, c, last, since, gaps, alive[:, 0] > 0)


def log_gap(gap: Tensor) -> Tensor:
    """Return log1p of gaps in median gaps, bounded."""
    return torch.log1p(gap.clamp(0.0, LONGEST_GAPS))


def pace(gap: Tensor) -> Tensor:
    """Return how gaps compare with the median gap: their logs, drawn in; 0 where no time passed.

    One silence must not make the gaps after it unforeseeable, however long it was.
    """
    log = torch.log(torch.where(gap > 0, gap, 1.0).clamp(1.0 / LONGEST_GAPS, LONGEST_GAPS))
    return STRANGEST_PACE * torch.tanh(log / STRANGEST_PACE)


def gaps_before(rows: RowBatch, carried: Carried) -> Tensor:
    """Return the last gaps before each row, and those after the last row, [B, L + 1, GAPS_KEPT]."""
    return torch.cat([carried.gaps, pace(rows.gap)], 1).unfold(1, GAPS_KEPT, 1)


class LookBack:
    """What each channel last said before each row, and when; all rows at once.

    Args:
        rows: clean sequences.
        carried: what was known before their first rows.
    """

    def __init__(self, rows: RowBatch, carried: Carried) -> None:
        self._rows, self._carried = rows, carried
        # Elapsed time in float64: after a silence of 1e6 gaps a float32 sum could not tell 1 gap from none.
        self._elapsed = torch.cumsum(rows.gap, 1, dtype=torch.float64)[..., None]  # (B, L, 1)
        since = carried.since[:, None].double()
        start = torch.where(since < 0, _LONG_AGO, -since)  # (B, 1, C)
        seen = torch.where(rows.mask > 0, self._elapsed, _LONG_AGO)
        # Elapsed time never falls, so the newest sighting is the largest so far: (B, 1 + L, C).
        self._seen_at = torch.cummax(torch.cat([start, seen], 1), 1).values

    def age(self) -> Tensor:
        """Return log1p of the age of each channel's last value at each row, [B, L, C]."""
        return log_gap((self._elapsed - self._seen_at[:, :-1]).to(self._rows.x.dtype))

    def last(self) -> Tensor:
        """Return each channel's last value before each row, [B, L, C]; 0 if never observed."""
        return self._lasts()[:, :-1]

    def after(self) -> tuple[Tensor, Tensor]:
        """Return (last, since) as `Carried` holds them, after the last row, [B, C] each."""
        seen_at = self._seen_at[:, -1]
        since = (self._elapsed[:, -1] - seen_at).to(self._rows.x.dtype)
        return self._lasts()[:, -1], torch.where(seen_at == _LONG_AGO, NEVER, since)

    def _lasts(self) -> Tensor:
        """Return the newest value up to each row, that before the first row leading, [B, 1 + L, C]."""
        rows = self._rows
        values = torch.cat([self._carried.last[:, None], rows.x], 1)
        place = torch.arange(1, values.shape[1], device=values.device)[None, :, None]
        newest = torch.where(rows.mask > 0, place, 0)
        newest = torch.cat([newest.new_zeros(newest.shape[0], 1, newest.shape[2]), newest], 1)
        return values.gather(1, torch.cummax(newest, 1).values)


def encoder_features(rows: RowBatch, age: Tensor) -> Tensor:
    """Return [B, L, 3C + 1]: values, masks, ages of the channels' last values, log gap."""
    return torch.cat([rows.x, rows.mask, age, log_gap(rows.gap)[..., None]], -1)
