"""Attention over time: rows read by anchors, anchors read by query times, by learned phases and by nearness.

Phases alone collapse to the mean: nothing tells a fresh model that what lies near in time matters more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.layers import TimeEmbedding, inverse_softplus

UNHEARD = -1e9
"""Score of rows that nobody may attend to."""

LEAST_WEIGHT = 1e-12
"""Below this an anchor has no row near enough to tell it a value."""

MOST_LOG_DENSITY = 20.0


class TimeKernel(nn.Module):
    """How much each head heeds one time when it reads another.

    Args:
        widths: how far each head looks at first, in anchors; one a head.
        phases: size of what a head compares of two times.
    """

    def __init__(self, widths: Sequence[float], phases: int = 16) -> None:
        super().__init__()
        self.heads = len(widths)
        self.time = TimeEmbedding()
        self.query = nn.Linear(self.time.width, self.heads * phases)
        self.key = nn.Linear(self.time.width, self.heads * phases)
        self.narrowness = nn.Parameter(torch.tensor([inverse_softplus(0.5 / width**2) for width in widths]))

    def forward(self, tau: Tensor, position: Tensor, key_tau: Tensor, key_position: Tensor) -> Tensor:
        """Return scores, float [B, heads, Q, N].

        Args:
            tau: times that read, in median gaps, [B, Q].
            position: where they lie on the anchors' axis, [B, Q].
            key_tau: times that are read, [B, N].
            key_position: where those lie, [B, N].
        """
        query = self.query(self.time(tau)).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, Q, D)
        key = self.key(self.time(key_tau)).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, D)
        alike = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        away = (position[:, :, None] - key_position[:, None, :]) ** 2  # (B, Q, N)
        scores: Tensor = alike - F.softplus(self.narrowness)[:, None, None] * away[:, None]
        return scores


def read_rows(scores: Tensor, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return (mean of what is observed, log density of it) by head and channel, [B, heads, K, C] each.

    Each channel is read by its own mask, in one product for all: a mask never meets the scores themselves.

    Args:
        scores: of the anchors for the rows, [B, heads, K, L].
        x: clean values, [B, L, C].
        mask: 1 where the reader may see them, [B, L, C].
    """
    heard = (mask.amax(-1) > 0)[:, None, None]  # (B, 1, 1, L)
    scores = torch.where(heard, scores, UNHEARD)
    most = scores.amax(-1, keepdim=True).detach()
    weight = torch.exp(scores - most) * heard  # (B, heads, K, L)
    both = weight.flatten(1, 2) @ torch.cat([x * mask, mask], -1)  # (B, heads * K, 2C)
    total, there = both.view(*weight.shape[:3], -1).chunk(2, -1)
    there_at_least = there.clamp_min(LEAST_WEIGHT)
    density = (torch.log(there_at_least) + most).clamp(-MOST_LOG_DENSITY, MOST_LOG_DENSITY)
    return total / there_at_least, density


class AnchorBlock(nn.Module):
    """What the anchors tell each other: self-attention and a perceptron, each on top of what was there.

    Args:
        width: size of an anchor's state.
        heads: of the attention; they divide the width.
    """

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.all = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))

    def forward(self, grid: Tensor) -> Tensor:
        """Return the states [B, K, width]."""
        parts = self.all(self.first(grid)).unflatten(-1, (3, self.heads, -1))  # (B, K, 3, heads, D)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        heeded = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        grid = grid + self.out(heeded)
        change: Tensor = self.layers(self.second(grid))
        return grid + change
