"""What a model says in the end: a Gaussian for each value, a mixture for the next gap.

Deviations are learned per sensor and channel by default. One that is free in the state learns to explain an
anomaly away by widening round it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from offbeat_models.features import GAPS_KEPT
from offbeat_models.layers import HALF_LOG_2PI, RowTable, bounded_sigma, inverse_softplus

START_SIGMA = 0.5
"""Initial deviation: below that of the data, or the latent has nothing to earn and collapses."""

SMALLEST_GAP = 1e-3
"""Log gaps are floored here, in median gaps."""

LONGEST_LOG_AGE = math.log1p(64.0)
"""The deviation of a forecast stops growing with age here: by then it is that of the sensor itself."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Mean and deviation of squashed normalised values, [B, Q, C] each."""

    mean: Tensor
    sigma: Tensor


def _perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.SiLU(), nn.Linear(hidden, outputs))


class GaussianHead(nn.Module):
    """State -> mean and deviation of each channel, for the decoder.

    Args:
        width: size of a state.
        channels: C.
        rows: sensors + 1.
        floor: smallest deviation.
        free_sigma: let the deviation depend on the state too.
    """

    def __init__(self, width: int, channels: int, rows: int, floor: float, free_sigma: bool) -> None:
        super().__init__()
        self.channels, self.floor, self.free_sigma = channels, floor, free_sigma
        self.layers = _perceptron(width, width, channels * (2 if free_sigma else 1))
        self.sigma = RowTable(rows, channels, start=inverse_softplus(START_SIGMA))

    def forward(self, state: Tensor, row: Tensor) -> Prediction:
        """Return the prediction for states [B, Q, width] of sensor rows [B]."""
        out = self.layers(state)
        mean, raw = out[..., : self.channels], self.sigma(row)[:, None]
        if self.free_sigma:
            raw = raw + out[..., self.channels :]
        return Prediction(mean, bounded_sigma(raw, self.floor).expand_as(mean))


class ValueHead(nn.Module):
    """State before a row -> what each channel will say: a residual on its last value seen.

    Args:
        hidden: size H of the causal state.
        embedding: size E of the sensor embedding.
        channels, rows, floor, free_sigma: as in `GaussianHead`.
    """

    def __init__(
        self, hidden: int, embedding: int, channels: int, rows: int, floor: float, free_sigma: bool
    ) -> None:
        super().__init__()
        self.channels, self.floor, self.free_sigma = channels, floor, free_sigma
        inputs = hidden + 1 + 2 * channels + embedding
        self.layers = _perceptron(inputs, hidden, channels * (2 if free_sigma else 1))
        self.sigma = RowTable(rows, channels, start=inverse_softplus(START_SIGMA))
        self.growth = RowTable(rows, channels)

    def forward(
        self, state: Tensor, row: Tensor, embedding: Tensor, last: Tensor, age: Tensor, gap: Tensor
    ) -> Prediction:
        """Predict rows from what was known before them.

        Args:
            state: hidden state after the row before, [B, L, H].
            row: sensor rows [B].
            embedding: sensor embedding, [B, E].
            last: last value seen by channel, [B, L, C].
            age: log1p of its age at this row, [B, L, C].
            gap: log1p of the gap to this row, [B, L].
        """
        sensor = embedding[:, None].expand(-1, state.shape[1], -1)
        out = self.layers(torch.cat([state, gap[..., None], last, age, sensor], -1))
        raw = self.sigma(row)[:, None] + self.growth(row)[:, None] * age.clamp_max(LONGEST_LOG_AGE)
        if self.free_sigma:
            raw = raw + out[..., self.channels :]
        return Prediction(last + out[..., : self.channels], bounded_sigma(raw, self.floor))


class GapHead(nn.Module):
    """Last gaps before a row -> law of the gap to it: a mixture of log-normals.

    It hears of gaps and of the sensor, never of values: a strange value must not make an ordinary gap look
    strange.

    Args:
        width: of its hidden layer.
        embedding, rows: as in `ValueHead`.
        components: parts of the mixture.
    """

    NARROWEST = 0.03

    def __init__(self, width: int, embedding: int, components: int, rows: int) -> None:
        super().__init__()
        self.layers = _perceptron(GAPS_KEPT + embedding, width, 3 * components)
        # Most sensors have a law of their own that hardly depends on the gaps before.
        self.law = RowTable(rows, 3 * components)

    def forward(self, before: Tensor, row: Tensor, embedding: Tensor, gap: Tensor) -> Tensor:
        """Return the negative log-likelihood of the log of gaps [B, L] in median gaps, [B, L].

        Args:
            before: the last gaps before each row, [B, L, GAPS_KEPT], from `features.gaps_before`.
            row: sensor rows [B].
            embedding: sensor embedding, [B, E].
            gap: what is judged.
        """
        sensor = embedding[:, None].expand(-1, before.shape[1], -1)
        return self.nll(self.law(row)[:, None] + self.layers(torch.cat([before, sensor], -1)), gap)

    @classmethod
    def nll(cls, parameters: Tensor, gap: Tensor) -> Tensor:
        """Return the negative log-likelihood of gaps [...] under mixtures of raw parameters [..., 3K]."""
        weight, centre, width = parameters.chunk(3, -1)
        width = cls.NARROWEST + F.softplus(width)
        z = (torch.log(gap.clamp(SMALLEST_GAP, 1e9))[..., None] - centre) / width
        parts = F.log_softmax(weight, -1) - 0.5 * z**2 - torch.log(width) - HALF_LOG_2PI
        return -torch.logsumexp(parts, -1)
