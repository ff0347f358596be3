"""Learning the model of the long view: the convolutional one, on bins of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from offbeat.core import long_scale
from offbeat.core.commission import Commission
from offbeat.core.long_view import BINS
from offbeat.core.recording import Recording
from offbeat.learn.long_series import long_series
from offbeat.learn.progress import OnProgress, Progress
from offbeat_models.base import WindowModel
from offbeat_models.objective import ObjectiveConfig
from offbeat_models.registry import preset
from offbeat_models.sampling import SamplingConfig
from offbeat_models.series import TrainingError
from offbeat_models.training import TrainingConfig, TrainingReport, train
from offbeat_models.validation import CollapseError

FAMILY = "conv_vae"

MOST_STEPS = 1000
"""A past of some hundred bins a sensor is learnt by then."""

TIME_SHARE = 0.25
"""Of the time that the group's own model may take, where that is bounded: so much more for the long view."""

_SIZES = {"hidden": 16, "anchors": BINS // 2}


@dataclass(frozen=True, slots=True)
class LongView:
    """What was learnt of the long view of a group.

    Attributes:
        model: trained, in evaluation mode; None if there is none.
        report: how its training went; None without one.
        note: why there is none, as a sentence; empty if there is one.
    """

    model: WindowModel | None = None
    report: TrainingReport | None = None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what an artifact remembers of it; nothing where no long view was asked for."""
        if self.report is not None:
            return {"long_view": self.report.to_dict()}
        return {"long_view": {"note": self.note}} if self.note else {}


def train_long_view(
    commission: Commission,
    recordings: Sequence[Recording],
    horizon_seconds: float,
    recipe: TrainingConfig,
    device: torch.device,
    on_progress: OnProgress,
) -> tuple[Commission, LongView]:
    """Return the commission with the scale of the long view, and its model; the same commission without a model.

    A past too short to show a horizon twice is no reason to have no detector at all: the long view is left out, and
    the note says why.

    Args:
        commission: with its normaliser.
        recordings: rows before the test period.
        horizon_seconds: of the long view.
        recipe: of the group's own model; its budget, seed and validation are taken over.
        device: where to train.
        on_progress: is told how far it is.
    """
    scaled = replace(commission, long_scale=long_scale.fit(commission, recordings, horizon_seconds))
    learnt_from = long_series(scaled, recordings, horizon_seconds)
    if not learnt_from:
        note = f"no recording reaches over two horizons of {horizon_seconds / 3600.0:g} h"
        return commission, LongView(note=f"{note}: there is no long view until there is more to learn from")

    def tell(step: int, steps: int, losses: dict[str, float]) -> None:
        on_progress(Progress("training the long view", step, steps, losses))

    sizes = preset("default", len(commission.channels), len(commission.sensors) + 1, **_SIZES)
    try:
        result = train(learnt_from, sizes, _recipe(recipe), tell, family=FAMILY, device=device)
    except (TrainingError, CollapseError) as error:
        return commission, LongView(note=f"the long view was left out: {error}")
    return scaled, LongView(result.model, result.report)


def _recipe(recipe: TrainingConfig) -> TrainingConfig:
    """Return the recipe for bins: windows of a horizon, and nothing for the causal heads, which nobody asks."""
    seconds = recipe.time_budget_seconds
    return replace(
        recipe,
        steps=min(recipe.steps, MOST_STEPS),
        time_budget_seconds=None if seconds is None else TIME_SHARE * seconds,
        sampling=SamplingConfig(shortest=BINS // 4, longest=BINS, thinned_share=0.25),
        objective=ObjectiveConfig(value_weight=0.0, gap_weight=0.0),
    )
