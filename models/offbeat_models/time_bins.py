"""Rows summed up in bins of time: a window of any length becomes a grid of one length.

Mean, largest and smallest value by bin, so that a spike survives the summing up, and how many values there were.
"""

from __future__ import annotations

import torch
from torch import Tensor

from offbeat_models.anchors import sums_by_place

FEATURES = 4
"""Numbers a bin has for each channel."""


def time_bins(x: Tensor, mask: Tensor, position: Tensor, bins: int) -> Tensor:
    """Return mean, largest - mean, smallest - mean and log1p of the count by bin, [B, G, 4C]; 0 where empty.

    Args:
        x: clean values, [B, L, C]; 0 where not observed.
        mask: 1 where observed, [B, L, C]; 0 in the padding.
        position: where rows lie on the bins' axis, [B, L] in 0..G-1; the nearest bin takes a row.
        bins: G.
    """
    place = position.round().long()
    at = place[..., None].expand(-1, -1, x.shape[-1])
    total, count = sums_by_place(torch.cat([x, mask], -1), place, bins).chunk(2, -1)
    mean, nothing = total / count.clamp_min(1.0), torch.zeros_like(count)
    largest = _extreme(x, mask, at, bins, "amax")
    smallest = _extreme(x, mask, at, bins, "amin")
    there = count > 0
    above, below = (torch.where(there, extreme - mean, nothing) for extreme in (largest, smallest))
    return torch.cat([mean, above, below, torch.log1p(count)], -1)


def _extreme(x: Tensor, mask: Tensor, at: Tensor, bins: int, which: str) -> Tensor:
    """Return the largest or smallest observed value by bin, [B, G, C]; infinite where there is none."""
    none = -torch.inf if which == "amax" else torch.inf
    start = x.new_full((x.shape[0], bins, x.shape[2]), none)
    return start.scatter_reduce(1, at, x.masked_fill(mask <= 0, none), which)
