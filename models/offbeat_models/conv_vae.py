"""Family C: rows summed up in bins of time, dilated convolutions to one latent, and back.

Its cost does not grow with the rows of a window, so it is the one for long horizons.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.anchors import anchor_position, interpolate
from offbeat_models.base import LOG_VARIANCE_RANGE, ModelConfig, Posterior, WindowModel
from offbeat_models.batch import WindowBatch
from offbeat_models.features import log_gap
from offbeat_models.heads import GaussianHead, Prediction
from offbeat_models.layers import TimeEmbedding
from offbeat_models.time_bins import FEATURES, time_bins

BINS_PER_ANCHOR = 2
"""A bin costs less than an anchor of the other families, so there are more of them."""

SHRINK = 4
"""Bins that one step of the narrowing convolution takes together."""

DILATIONS = (1, 2, 4, 8)


class Dilated(nn.Module):
    """A residual convolution over bins [B, D, G] whose taps lie `dilation` bins apart.

    Args:
        width: D.
        dilation: distance of the three taps.
    """

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.taps = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.mix = nn.Conv1d(width, width, 1)

    def forward(self, grid: Tensor) -> Tensor:
        """Return [B, D, G]."""
        change: Tensor = self.mix(F.silu(self.taps(self.norm(grid))))
        return grid + change


class ConvVae(WindowModel):
    """Convolutional VAE over time bins.

    ```
    rows -> G time bins: mean, max, min, count [G, 4C] ++ sensor -> [G, H] -> dilated convs 1, 2, 4, 8
    -> strided conv [G/4, H/2] -> flatten ++ log span -> z [Z]
    z ++ sensor -> [G, H/2] -> dilated convs 8, 4, 2, 1 -> read at query times ++ time ++ sensor -> mean, sigma
    ```

    Args:
        config: sizes; G is twice `anchors`, rounded up to a multiple of 4.
    """

    family: ClassVar[str] = "conv_vae"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        hidden, latent, embedding = config.hidden, config.latent, config.embedding
        self.steps = -(-BINS_PER_ANCHOR * config.anchors // SHRINK)
        self.bins = SHRINK * self.steps
        self.lift = nn.Linear(FEATURES * config.channels + embedding, hidden)
        self.encoder = nn.Sequential(*(Dilated(hidden, d) for d in DILATIONS))
        self.narrow = nn.Conv1d(hidden, hidden // 2, SHRINK, stride=SHRINK)
        self.posterior = nn.Linear(self.steps * (hidden // 2) + 1, 2 * latent)
        self.unfold = nn.Sequential(
            nn.Linear(latent + embedding, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, self.bins * (hidden // 2)),
        )
        self.decoder = nn.Sequential(*(Dilated(hidden // 2, d) for d in reversed(DILATIONS)))
        self.time = TimeEmbedding()
        self.query = nn.Linear(hidden // 2 + self.time.width + embedding, hidden)
        self.head = GaussianHead(hidden, config.channels, config.rows, config.sigma_floor, config.free_sigma)

    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return the posterior of each window's latent; see `WindowModel.encode`."""
        rows = batch.rows() if shown is None else batch.rows().seen_through(shown)
        span = batch.span()
        summary = time_bins(rows.x, rows.mask, anchor_position(batch.tau, span, self.bins), self.bins)
        sensor = self.causal.sensor(batch.row)[:, None].expand(-1, self.bins, -1)
        grid = F.silu(self.lift(torch.cat([summary, sensor], -1))).transpose(1, 2)  # (B, H, G)
        narrow = F.silu(self.narrow(self.encoder(grid)))  # (B, H/2, G/4)
        out = self.posterior(torch.cat([narrow.flatten(1), log_gap(span)[:, None]], -1))
        mean, log_variance = out.chunk(2, -1)
        return Posterior(mean, log_variance.clamp(*LOG_VARIANCE_RANGE))

    def decode(self, latent: Tensor, row: Tensor, span: Tensor, tau: Tensor) -> Prediction:
        """Predict values at any times; see `WindowModel.decode`."""
        embedding = self.causal.sensor(row)  # (B, E)
        grid = self.unfold(torch.cat([latent, embedding], -1)).unflatten(1, (-1, self.bins))  # (B, H/2, G)
        states = self.decoder(grid).transpose(1, 2)  # (B, G, H/2)
        at_queries = interpolate(states, anchor_position(tau, span, self.bins))  # (B, Q, H/2)
        sensor = embedding[:, None].expand(-1, tau.shape[1], -1)
        query = F.silu(self.query(torch.cat([at_queries, self.time(tau), sensor], -1)))  # (B, Q, H)
        prediction: Prediction = self.head(query, row)
        return prediction
