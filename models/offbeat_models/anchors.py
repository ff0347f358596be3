"""The bottleneck in time: K anchors evenly over a window's own span.

Anchors make a global latent trainable: the same encoder and decoder without them collapse to the mean.
"""

from __future__ import annotations

import torch
from torch import Tensor


def anchor_position(tau: Tensor, span: Tensor, anchors: int) -> Tensor:
    """Return where times lie on the anchors' axis, [B, Q] in 0..K-1; one instant alone lies on the last.

    Args:
        tau: query times in median gaps, [B, Q]; outside of the window they are drawn to its ends.
        span: [B], the window's length in median gaps, >= 0.
        anchors: K.
    """
    return (tau / span[:, None].clamp_min(1e-6) + 1.0).clamp(0.0, 1.0) * (anchors - 1)


def pool(hidden: Tensor, position: Tensor, within: Tensor, anchors: int) -> tuple[Tensor, Tensor]:
    """Return (mean of the states in each anchor's bin [B, K, H], rows in each bin [B, K]).

    Args:
        hidden: states, [B, L, H].
        position: from `anchor_position`, [B, L].
        within: bool [B, L], False in the padding.
        anchors: K.
    """
    batch, length, width = hidden.shape
    first = anchors * torch.arange(batch, device=hidden.device)[:, None]
    beyond = batch * anchors  # one more bin takes the padding
    bins = torch.where(within, first + position.round().long(), beyond).flatten()  # (B * L,)
    total = hidden.new_zeros(beyond + 1, width).index_add_(0, bins, hidden.reshape(-1, width))
    count = hidden.new_zeros(beyond + 1).index_add_(0, bins, hidden.new_ones(batch * length))
    count = count[:beyond].view(batch, anchors)
    return total[:beyond].view(batch, anchors, width) / count.clamp_min(1.0)[..., None], count


def interpolate(grid: Tensor, position: Tensor) -> Tensor:
    """Read a grid [B, K, D] at positions [B, Q] in 0..K-1 by linear interpolation, [B, Q, D]."""
    left = position.floor().clamp(0, grid.shape[1] - 2).long()  # (B, Q)
    share = (position - left)[..., None]
    index = left[..., None].expand(-1, -1, grid.shape[-1])
    return torch.lerp(grid.gather(1, index), grid.gather(1, index + 1), share)
