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
    place = torch.where(within, position.round().long(), anchors)
    total = sums_by_place(hidden, place, anchors)
    count = sums_by_place(hidden.new_ones(*place.shape, 1), place, anchors)
    return total / count.clamp_min(1.0), count[..., 0]


def sums_by_place(values: Tensor, place: Tensor, places: int) -> Tensor:
    """Return the sums of the rows at each place, [B, K, D].

    Args:
        values: finite, [B, L, D].
        place: where each row belongs, int64 [B, L] in 0..K; K belongs nowhere.
        places: K.
    """
    if values.is_cuda:
        # Adding by index is atomic there, in no fixed order: no two runs would agree to the last bit.
        belongs = place[:, None] == torch.arange(places, device=place.device)[:, None]  # (B, K, L)
        return belongs.to(values.dtype) @ values
    batch, _, width = values.shape
    index = (place + (places + 1) * torch.arange(batch)[:, None]).flatten()  # (B * L,)
    total = values.new_zeros(batch * (places + 1), width).index_add_(0, index, values.reshape(-1, width))
    return total.view(batch, places + 1, width)[:, :places]


def interpolate(grid: Tensor, position: Tensor) -> Tensor:
    """Read a grid [B, K, D] at positions [B, Q] in 0..K-1 by linear interpolation, [B, Q, D]."""
    # One product: faster than looking the neighbours up, forward and all the more back, and in a fixed order.
    places = torch.arange(grid.shape[1], device=grid.device, dtype=grid.dtype)
    share = (1.0 - (position[..., None] - places).abs()).clamp_min(0.0)  # (B, Q, K)
    return share @ grid
