"""How good a model is on what was held back, and whether it has collapsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from offbeat_models.base import WindowModel
from offbeat_models.layers import HALF_LOG_2PI
from offbeat_models.objective import ObjectiveConfig
from offbeat_models.sampling import TrainingWindows
from offbeat_models.series import SensorSeries, TrainingError, gaussian_reference, lag_information


class CollapseError(TrainingError):
    """The model learned to ignore its window: it predicts no better than a constant."""


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures on the held-back windows; likelihoods in nats a value, lower is better.

    Attributes:
        score: what early stopping watches: reconstruction and causal heads, weighted as in training, and the
            divergence a value.
        reconstruction: of the whole window through the latent's mean.
        value: of the causal value head.
        gap: of the gap head.
        kl_nats: divergence of the latent from its prior by window.
        active_dimensions: latent dimensions with a divergence clearly above what is free.
        standard_normal: of N(0, 1), which knows nothing.
        constant_gaussian: of a constant Gaussian for each sensor and channel.
        lag_information: nats that a value gains from the one before it, measured without a model.
    """

    score: float
    reconstruction: float
    value: float
    gap: float
    kl_nats: float
    active_dimensions: int
    standard_normal: float
    constant_gaussian: float
    lag_information: float


@dataclass(frozen=True, slots=True)
class Reference:
    """What can be said of the data without a model; attributes as in `Validation`."""

    constant_gaussian: float
    lag_information: float

    @classmethod
    def measure(cls, learn: Sequence[SensorSeries], judge: Sequence[SensorSeries]) -> Reference:
        """Fit on `learn`, judge on `judge`."""
        return cls(gaussian_reference(learn, judge), lag_information(learn))


def evaluate(
    model: WindowModel, windows: Sequence[TrainingWindows], reference: Reference, config: ObjectiveConfig
) -> Validation:
    """Judge a model on windows it did not learn from.

    Args:
        model: put into evaluation mode.
        windows: held back, shown whole.
        reference: of the same data.
        config: weights of the parts.
    """
    model.eval()
    values = nll = squares = said = value_nll = gaps = gap_nll = 0.0
    kl, count = torch.zeros(model.config.latent), 0
    with torch.inference_mode():
        for drawn in windows:
            batch = drawn.batch
            rebuilt = model.reconstruct(batch)
            expected = model.causal.expect(batch.rows())
            values += float(batch.mask.sum())
            nll += float(rebuilt.nll.sum())
            squares += float((batch.x**2).sum())
            said += float(expected.value_said.sum())
            value_nll += float(expected.value_nll.sum())
            gaps += float(expected.gap_said.sum())
            gap_nll += float(expected.gap_nll.sum())
            kl += rebuilt.kl.sum(0).cpu()
            count += len(batch)
    kl /= max(count, 1)
    reconstruction, value, gap = nll / max(values, 1), value_nll / max(said, 1), gap_nll / max(gaps, 1)
    divergence = float(kl.sum()) * count / max(values, 1)
    return Validation(
        score=reconstruction + divergence + config.value_weight * value + config.gap_weight * gap,
        reconstruction=reconstruction,
        value=value,
        gap=gap,
        kl_nats=float(kl.sum()),
        active_dimensions=int((kl > config.free_bits_nats + 0.05).sum()),
        standard_normal=0.5 * squares / max(values, 1) + HALF_LOG_2PI,
        constant_gaussian=reference.constant_gaussian,
        lag_information=reference.lag_information,
    )


@dataclass(frozen=True, slots=True)
class CollapseGuard:
    """When a model counts as collapsed.

    A model of pure noise rightly ignores its window. So a silent latent alone is no failure: the model must
    also fail to beat a constant, on data where the value before tells about the next one.

    Attributes:
        least_kl_nats: a latent below this divergence says nothing.
        least_active: nor does one with fewer active dimensions (or fewer than it has).
        margin_nats: by how much the reconstruction must beat the constant.
        structure_nats: data with less lag information than this count as noise.
        after_steps: shorter runs are not judged: they are unfinished, not collapsed.
    """

    least_kl_nats: float = 5.0
    least_active: int = 4
    margin_nats: float = 0.05
    structure_nats: float = 0.3
    after_steps: int = 500

    def check(self, figures: Validation, steps: int) -> None:
        """Raise `CollapseError`, naming the figures, if the model has collapsed after `steps` steps."""
        if steps < self.after_steps or figures.lag_information < self.structure_nats:
            return
        reference = min(figures.standard_normal, figures.constant_gaussian)
        silent = figures.kl_nats < self.least_kl_nats or figures.active_dimensions < self.least_active
        if not silent or figures.reconstruction < reference - self.margin_nats:
            return
        raise CollapseError(
            f"the model collapsed: after {steps} steps its reconstruction costs {figures.reconstruction:.3f} "
            f"nats a value against {reference:.3f} for a constant, with a divergence of "
            f"{figures.kl_nats:.2f} nats in {figures.active_dimensions} active dimensions (expected at least "
            f"{self.least_kl_nats:g} nats in {self.least_active}). Train for more steps or on more data; "
            "the model was not kept"
        )
