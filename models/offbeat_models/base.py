"""The contract of every model family: a causal reader, an encoder to one latent, a decoder to any times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from offbeat_models.batch import WindowBatch
from offbeat_models.causal import CausalReader
from offbeat_models.heads import Prediction
from offbeat_models.layers import gaussian_nll, kl_to_standard_normal, reparameterise

LOG_VARIANCE_RANGE = (-8.0, 4.0)
"""Bounds of the posterior's log variance: neither a point, nor wider than anything the prior knows."""


class ModelConfigError(ValueError):
    """A model's configuration cannot be used; the message says which value and what it must be."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes that every family has.

    Attributes:
        channels: C, channels of a sensor.
        rows: sensors + 1; row 0 is the unknown sensor.
        hidden: H, width of the causal state.
        latent: Z, size of the global latent.
        anchors: K, anchors over a window's span.
        embedding: E, size of the sensor embedding.
        gap_components: parts of the mixture over gaps.
        free_sigma: deviations depend on the state, not on sensor and channel alone.
        sigma_floor: smallest deviation in normalised units.
        embedding_dropout: share of training windows shown as of the unknown sensor.
    """

    channels: int
    rows: int
    hidden: int = 64
    latent: int = 16
    anchors: int = 24
    embedding: int = 8
    gap_components: int = 4
    free_sigma: bool = False
    sigma_floor: float = 0.02
    embedding_dropout: float = 0.3

    def __post_init__(self) -> None:
        """Refuse sizes that build no model, naming the field."""
        for name, least, most in (
            ("channels", 1, 4096),
            ("rows", 1, 10_000_000),
            ("hidden", 4, 4096),
            ("latent", 1, 4096),
            ("anchors", 2, 4096),
            ("embedding", 1, 4096),
            ("gap_components", 1, 256),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise ModelConfigError(f"model {name} is {value!r}; expected a whole number {least}..{most}")
        if self.hidden % 4:
            raise ModelConfigError(f"model hidden is {self.hidden}; expected a multiple of 4")
        if not isinstance(self.free_sigma, bool):
            raise ModelConfigError(f"model free_sigma is {self.free_sigma!r}; expected true or false")
        for name, most_share in (("sigma_floor", 1.0), ("embedding_dropout", 0.95)):
            share = getattr(self, name)
            if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 <= share <= most_share:
                raise ModelConfigError(f"model {name} is {share!r}; expected a number 0..{most_share}")
        if not self.sigma_floor > 0:
            raise ModelConfigError("model sigma_floor is 0; a likelihood needs a deviation above 0")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from `to_dict`'s result; unknown or missing fields raise `ModelConfigError`."""
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ModelConfigError(f"unknown model settings {unknown}; known are {sorted(known)}")
        if missing := sorted({"channels", "rows"} - set(values)):
            raise ModelConfigError(f"model settings {missing} are missing")
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Gaussian over the latent, [B, Z] each."""

    mean: Tensor
    log_variance: Tensor


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """Likelihood of a window's values given its latent.

    Attributes:
        nll: [B, L, C]; 0 where not observed.
        kl: divergence from the prior by dimension, [B, Z].
        prediction: what the decoder said, [B, L, C] each.
        posterior: what the encoder said.
    """

    nll: Tensor
    kl: Tensor
    prediction: Prediction
    posterior: Posterior


class WindowModel(nn.Module, ABC):
    """A variational auto-encoder of windows with a causal reader beside it.

    Invariants, all held by `checks`: what stands in padding and unobserved places is irrelevant, a window's
    result does not depend on its batch, values reach the decoder through the latent only.
    """

    family: ClassVar[str]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.causal = CausalReader(
            config.channels,
            config.rows,
            config.hidden,
            config.embedding,
            config.gap_components,
            config.free_sigma,
            config.sigma_floor,
        )

    @abstractmethod
    def encode(self, batch: WindowBatch, shown: Tensor | None = None) -> Posterior:
        """Return the posterior of each window's latent.

        Args:
            batch: clean windows.
            shown: what the encoder may see of the observed values, [B, L, C]; None shows all.
        """

    @abstractmethod
    def decode(self, latent: Tensor, row: Tensor, span: Tensor, tau: Tensor) -> Prediction:
        """Predict values at any times.

        Args:
            latent: [B, Z].
            row: sensor rows [B].
            span: the windows' lengths in median gaps, [B].
            tau: query times relative to the windows' last rows, [B, Q].
        """

    def reconstruct(
        self,
        batch: WindowBatch,
        shown: Tensor | None = None,
        sample: bool = False,
        generator: torch.Generator | None = None,
    ) -> Reconstruction:
        """Encode, decode at the windows' own times and judge their values; hidden ones are judged too.

        Args:
            batch: as in `encode`.
            shown: as in `encode`.
            sample: draw the latent, as training does; else its mean is taken.
            generator: source of the draw.
        """
        posterior = self.encode(batch, shown)
        latent = posterior.mean
        if sample:
            latent = reparameterise(posterior.mean, posterior.log_variance, generator)
        prediction = self.decode(latent, batch.row, batch.span(), batch.tau)
        nll = gaussian_nll(batch.x, prediction.mean, prediction.sigma)
        nll = torch.where(batch.mask > 0, nll, nll.new_zeros(()))
        kl = kl_to_standard_normal(posterior.mean, posterior.log_variance)
        return Reconstruction(nll, kl, prediction, posterior)
