"""The training objective: masked ELBO and the causal heads' likelihoods over one common denominator."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from offbeat_models.base import Reconstruction
from offbeat_models.causal import Expectations
from offbeat_models.layers import free_bits
from offbeat_models.sampling import TrainingWindows


@dataclass(frozen=True, slots=True)
class ObjectiveConfig:
    """Weights of the objective's parts.

    Attributes:
        free_bits_nats: divergence that each latent dimension has for free.
        value_weight, gap_weight: of the causal heads' likelihoods against the reconstruction's.
    """

    free_bits_nats: float = 0.2
    value_weight: float = 0.5
    gap_weight: float = 0.2


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss and its parts, each over the number of observed values.

    Attributes:
        loss: what is minimised, a scalar with a gradient.
        reconstruction, value, gap: mean negative log-likelihoods, scalars without gradient.
        kl: divergence in nats by window, a scalar without gradient.
    """

    loss: Tensor
    reconstruction: Tensor
    value: Tensor
    gap: Tensor
    kl: Tensor


def window_nll(rebuilt: Reconstruction, windows: TrainingWindows) -> Tensor:
    """Return the mean negative log-likelihood of each window's observed values, [B], without gradient."""
    return (rebuilt.nll.sum((1, 2)) / windows.batch.mask.sum((1, 2)).clamp_min(1.0)).detach()


def objective(
    windows: TrainingWindows,
    rebuilt: Reconstruction,
    expected: Expectations,
    weight: Tensor,
    beta: float,
    config: ObjectiveConfig,
) -> Objective:
    """Combine a batch's likelihoods into the loss.

    Everything is divided by the one number of observed values: a mean per window would overweight short
    windows, and a divergence summed against a mean likelihood would change its weight with the window's
    length.

    Args:
        windows: what was drawn.
        rebuilt: reconstruction from what was shown.
        expected: causal expectations of all of it.
        weight: 1 for windows to learn from, 0 for those left out, [B].
        beta: weight of the divergence, 0..1.
        config: weights of the parts.
    """
    observed = (windows.batch.mask.sum((1, 2)) * weight).sum().clamp_min(1.0)
    used = weight.sum().clamp_min(1.0)
    reconstruction = (rebuilt.nll.sum((1, 2)) * weight).sum() / observed
    divergence = (rebuilt.kl * weight[:, None]).sum(0) / used  # (Z,)
    value = (expected.value_nll.sum((1, 2)) * weight).sum() / observed
    # Thinned windows have gaps that are not the sensor's own: they must not teach its rhythm.
    gap = (expected.gap_nll.sum(1) * weight * windows.rhythm).sum() / observed
    loss = (
        reconstruction
        + beta * free_bits(divergence, config.free_bits_nats) * used / observed
        + config.value_weight * value
        + config.gap_weight * gap
    )
    return Objective(loss, reconstruction.detach(), value.detach(), gap.detach(), divergence.sum().detach())


class OutlierWindows:
    """Leaves out the windows that fit worst, against a running threshold: recordings hold faults too.

    Args:
        share: share of windows to leave out.
        batches: how many batches the threshold remembers.
    """

    def __init__(self, share: float, batches: int = 50) -> None:
        self._share, self._batches = share, batches
        self._seen: list[Tensor] = []

    def weight(self, nll: Tensor, active: bool) -> Tensor:
        """Return 1 for windows to learn from and 0 for those to leave out, [B].

        Args:
            nll: mean negative log-likelihood of each window, [B], without gradient.
            active: False while everything still fits badly; the threshold then only watches.
        """
        seen = torch.cat(self._seen) if self._seen else nll
        self._seen = [*self._seen[-self._batches + 1 :], nll]
        if not active or self._share <= 0:
            return torch.ones_like(nll)
        keep = nll <= torch.quantile(seen, 1.0 - self._share)
        # A batch that is all outliers is a change of data, not of quality: learn from it.
        return (keep | ~keep.any()).to(nll.dtype)
