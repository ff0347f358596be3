"""Family B: anchors attend to the rows near them, one latent, query times attend to anchors.

For many channels that report apart from each other, and for long gaps: no row is filled in before it is read.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.anchors import anchor_position
from offbeat_models.base import LOG_VARIANCE_RANGE, ModelConfig, Posterior, WindowModel
from offbeat_models.batch import WindowBatch
from offbeat_models.features import log_gap
from offbeat_models.heads import GaussianHead, Prediction
from offbeat_models.kernel_attention import AnchorBlock, TimeKernel, read_rows
from offbeat_models.layers import TimeEmbedding

ENCODER_WIDTHS = (0.35, 0.7, 1.5, 3.0)
"""How far the heads of an anchor look at first, in anchors: from its own rows to a good part of the window."""

DECODER_WIDTHS = (0.35, 0.5, 0.7, 1.0)


class AttentionVae(WindowModel):
    """Attention VAE with a time-anchored bottleneck.

    ```
    rows -> per head and channel: mean and density near each anchor [K, 2hC] ++ sensor -> [K, H] -> anchor block
    -> [K, H/4] ++ log span -> z [Z]
    z ++ sensor -> [K, H/2] -> anchor block -> [K, H] -> attended from query times ++ time ++ sensor -> mean, sigma
    ```

    Args:
        config: sizes; see `ModelConfig`.
    """

    family: ClassVar[str] = "attention_vae"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        hidden, latent, anchors, embedding = config.hidden, config.latent, config.anchors, config.embedding
        self.near = TimeKernel(ENCODER_WIDTHS)
        self.lift = nn.Linear(2 * len(ENCODER_WIDTHS) * config.channels + embedding, hidden)
        self.place = nn.Parameter(0.1 * torch.randn(anchors, hidden))
        self.encoder = AnchorBlock(hidden)
        self.narrow = nn.Linear(hidden, hidden // 4)
        self.posterior = nn.Linear(anchors * (hidden // 4) + 1, 2 * latent)
        self.unfold = nn.Sequential(
            nn.Linear(latent + embedding, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, anchors * (hidden // 2)),
        )
        self.decoder = AnchorBlock(hidden // 2, 2)
        self.widen = nn.Linear(hidden // 2, hidden)
        self.far = TimeKernel(DECODER_WIDTHS)
        self.time = TimeEmbedding()
        self.query = nn.Linear(hidden + self.time.width + embedding, hidden)
        self.head = GaussianHead(hidden, config.channels, config.rows, config.sigma_floor, config.free_sigma)

    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return the posterior of each window's latent; see `WindowModel.encode`."""
        mask = batch.mask if shown is None else batch.mask * shown
        span, anchors = batch.span(), self.config.anchors
        position = anchor_position(batch.tau, span, anchors)
        scores = self.near(*self._anchors(span), batch.tau, position)  # (B, heads, K, L)
        value, density = read_rows(scores, batch.x, mask)
        read = torch.cat([value, density], -1).transpose(1, 2).flatten(2)  # (B, K, 2 * heads * C)
        sensor = self.causal.sensor(batch.row)[:, None].expand(-1, anchors, -1)
        grid = self.encoder(F.silu(self.lift(torch.cat([read, sensor], -1))) + self.place)  # (B, K, H)
        out = self.posterior(torch.cat([F.silu(self.narrow(grid)).flatten(1), log_gap(span)[:, None]], -1))
        mean, log_variance = out.chunk(2, -1)
        return Posterior(mean, log_variance.clamp(*LOG_VARIANCE_RANGE))

    def decode(self, latent: Tensor, row: Tensor, span: Tensor, tau: Tensor) -> Prediction:
        """Predict values at any times; see `WindowModel.decode`."""
        embedding = self.causal.sensor(row)  # (B, E)
        anchors, heads = self.config.anchors, self.far.heads
        grid = self.unfold(torch.cat([latent, embedding], -1)).unflatten(1, (anchors, -1))  # (B, K, H/2)
        states = self.widen(self.decoder(grid)).unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, heads, K, D)
        scores = self.far(tau, anchor_position(tau, span, anchors), *self._anchors(span))  # (B, heads, Q, K)
        at_queries = (torch.softmax(scores, -1) @ states).transpose(1, 2).flatten(2)  # (B, Q, H)
        sensor = embedding[:, None].expand(-1, tau.shape[1], -1)
        query = F.silu(self.query(torch.cat([at_queries, self.time(tau), sensor], -1)))  # (B, Q, H)
        prediction: Prediction = self.head(query, row)
        return prediction

    def _anchors(self, span: Tensor) -> tuple[Tensor, Tensor]:
        """Return the anchors' times in median gaps and their positions, [B, K] each."""
        position = torch.arange(self.config.anchors, device=span.device, dtype=span.dtype)
        share = position / (self.config.anchors - 1) - 1.0
        return span[:, None] * share, position.expand(len(span), -1)
