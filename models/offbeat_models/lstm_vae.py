"""Family A: a causal LSTM pooled into time anchors, one latent, a bidirectional LSTM to decode."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.anchors import anchor_position, interpolate, pool
from offbeat_models.base import LOG_VARIANCE_RANGE, ModelConfig, Posterior, WindowModel
from offbeat_models.batch import WindowBatch
from offbeat_models.features import log_gap
from offbeat_models.heads import GaussianHead, Prediction
from offbeat_models.layers import TimeEmbedding


class LstmVae(WindowModel):
    """LSTM-VAE with a time-anchored bottleneck.

    ```
    rows -> causal LSTM -> mean state of each anchor's bin [K, H+1] -> [K, H/4] ++ last state ++ log span ->
    z [Z] z ++ sensor -> [K, H/2] -> bi-LSTM over anchors [K, 2H] -> read at query times ++ time ++ sensor
    -> mean, sigma ```

    Args:
        config: sizes; see `ModelConfig`.
    """

    family: ClassVar[str] = "lstm_vae"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        hidden, latent, anchors, embedding = config.hidden, config.latent, config.anchors, config.embedding
        self.narrow = nn.Linear(hidden + 1, hidden // 4)
        self.posterior = nn.Linear(anchors * (hidden // 4) + hidden + 1, 2 * latent)
        self.unfold = nn.Sequential(
            nn.Linear(latent + embedding, 2 * hidden),
            nn.SiLU(),
            nn.Linear(2 * hidden, anchors * (hidden // 2)),
        )
        self.decoder = nn.LSTM(hidden // 2, hidden, batch_first=True, bidirectional=True)
        self.time = TimeEmbedding()
        self.query = nn.Linear(2 * hidden + self.time.width + embedding, hidden)
        self.head = GaussianHead(hidden, config.channels, config.rows, config.sigma_floor, config.free_sigma)

    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return the posterior of each window's latent; see `WindowModel.encode`."""
        rows = batch.rows() if shown is None else batch.rows().seen_through(shown)
        states = self.causal.states(rows)  # (B, L, H)
        span, anchors = batch.span(), self.config.anchors
        position = anchor_position(batch.tau, span, anchors)
        mean_state, count = pool(states, position, batch.inside(), anchors)  # (B, K, H), (B, K)
        summary = F.silu(
            self.narrow(torch.cat([mean_state, torch.log1p(count)[..., None]], -1))
        )  # (B, K, H/4)
        at = (batch.lengths - 1).clamp_min(0)[:, None, None].expand(-1, 1, states.shape[-1])
        last = states.gather(1, at)[:, 0]  # (B, H)
        out = self.posterior(torch.cat([summary.flatten(1), last, log_gap(span)[:, None]], -1))
        mean, log_variance = out.chunk(2, -1)
        return Posterior(mean, log_variance.clamp(*LOG_VARIANCE_RANGE))

    def decode(self, latent: Tensor, row: Tensor, span: Tensor, tau: Tensor) -> Prediction:
        """Predict values at any times; see `WindowModel.decode`."""
        embedding = self.causal.sensor(row)  # (B, E)
        grid = self.unfold(torch.cat([latent, embedding], -1)).unflatten(
            1, (self.config.anchors, -1)
        )  # (B, K, H/2)
        states = self.decoder(grid)[0]  # (B, K, 2H)
        at_queries = interpolate(states, anchor_position(tau, span, self.config.anchors))  # (B, Q, 2H)
        sensor = embedding[:, None].expand(-1, tau.shape[1], -1)
        query = F.silu(self.query(torch.cat([at_queries, self.time(tau), sensor], -1)))  # (B, Q, H)
        prediction: Prediction = self.head(query, row)
        return prediction
