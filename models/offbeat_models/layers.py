"""Small pieces that every model shares: tables of sensors, time embedding, likelihood, divergence."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


class RowTable(nn.Module):
    """Learned vector of each sensor: a shared part plus its own; row 0, the unknown one, is the shared part.

    A newcomer thus starts as the fleet's average, and a rarely seen sensor stays near it.

    Args:
        rows: sensors + 1.
        width: size of a vector.
        start: initial value of the shared part.
        spread: standard deviation of the sensors' initial own parts; 0 starts all sensors equal.
    """

    def __init__(self, rows: int, width: int, start: float = 0.0, spread: float = 0.0) -> None:
        super().__init__()
        self.shared = nn.Parameter(torch.full((width,), start))
        self.own = nn.Parameter(spread * torch.randn(rows, width))

    def forward(self, row: Tensor) -> Tensor:
        """Return the vectors [B, width] of rows [B]."""
        known = (row > 0).to(self.own.dtype)[:, None]
        return self.shared + known * self.own[row]

    def table(self) -> Tensor:
        """Return the vectors of all rows, [rows, width]."""
        rows: Tensor = self(torch.arange(self.own.shape[0], device=self.own.device))
        return rows


class TimeEmbedding(nn.Module):
    """Sines and cosines of relative time with learned frequencies, and the time itself.

    Args:
        frequencies: how many; they start log-spaced over periods of 2 to `longest` median gaps.
        longest: longest initial period in median gaps.
    """

    def __init__(self, frequencies: int = 8, longest: float = 256.0) -> None:
        super().__init__()
        periods = torch.logspace(math.log10(2.0), math.log10(longest), frequencies)
        self.frequency = nn.Parameter(2.0 * math.pi / periods)
        self.phase = nn.Parameter(torch.zeros(frequencies))
        self.width = 2 * frequencies + 1

    def forward(self, tau: Tensor) -> Tensor:
        """Return [..., width] for times [...] in median gaps.

        Times are bounded: what lies thousands of gaps back has no phase left to tell.
        """
        bounded = tau.clamp(-4096.0, 4096.0)[..., None]
        angle = bounded * self.frequency + self.phase
        return torch.cat([torch.sin(angle), torch.cos(angle), bounded.clamp(-512.0, 512.0) / 64.0], -1)


def bounded_sigma(raw: Tensor, floor: float) -> Tensor:
    """Return floor + softplus(raw): a deviation cannot fall below a sensor's resolution."""
    return floor + F.softplus(raw)


def inverse_softplus(value: float) -> float:
    """Return the x whose softplus is `value` > 0."""
    return math.log(math.expm1(value))


def gaussian_nll(x: Tensor, mean: Tensor, sigma: Tensor) -> Tensor:
    """Return the negative log-likelihood of x under N(mean, sigma^2), elementwise."""
    return 0.5 * ((x - mean) / sigma) ** 2 + torch.log(sigma) + HALF_LOG_2PI


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) in nats by dimension."""
    return 0.5 * (mean**2 + log_variance.exp() - 1.0 - log_variance)


def reparameterise(mean: Tensor, log_variance: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw from N(mean, exp(log_variance)) so that gradients pass through both."""
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + noise * torch.exp(0.5 * log_variance)


def masked_mean(values: Tensor, weight: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """Return the weighted mean over `dim`; 0 where there is no weight."""
    return (values * weight).sum(dim) / weight.sum(dim).clamp_min(1e-12)


def free_bits(kl: Tensor, floor_nats: float) -> Tensor:
    """Return the sum over dimensions of max(floor, kl), for batch means kl [Z].

    Below the floor a dimension costs nothing more, so that none is switched off before the decoder uses it.
    """
    return kl.clamp_min(floor_nats).sum()
