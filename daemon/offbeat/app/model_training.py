"""Learning the model of one group - or fitting the baseline chosen in its place - and comparing it with baselines."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from offbeat.core.commission import Commission
from offbeat.errors import OffbeatError
from offbeat.learn.progress import OnProgress, Progress
from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.registry import BASELINES
from offbeat_models.baselines.training import FittedBaseline, train_baseline
from offbeat_models.comparison import Comparison, compare
from offbeat_models.registry import preset
from offbeat_models.series import SensorSeries, TrainingError
from offbeat_models.training import TrainingConfig, TrainingResult, train
from offbeat_models.validation import CollapseError

Learnt = TrainingResult | FittedBaseline


def learn_model(
    commission: Commission,
    series: Sequence[SensorSeries],
    family: str,
    size: str,
    recipe: TrainingConfig,
    device: torch.device,
    on_progress: OnProgress,
) -> Learnt:
    """Train the model of a family, or fit the baseline of that name.

    Args:
        commission: with its normaliser.
        series: what to learn from, one a sensor.
        family: of a model, or the name of a baseline.
        size: name of a preset; baselines have but one size.
        recipe: of the training.
        device: where to train.
        on_progress: is told how far it is.

    Raises:
        OffbeatError: nothing can be learnt from the series, or the model collapsed.
    """
    channels, rows = len(commission.channels), len(commission.sensors) + 1

    def tell(step: int, steps: int, losses: dict[str, float]) -> None:
        on_progress(Progress("training the model", step, steps, losses))

    try:
        if family in BASELINES:
            return train_baseline(series, BaselineConfig(channels, rows), recipe, family)
        return train(series, preset(size, channels, rows), recipe, tell, family=family, device=device)
    except (TrainingError, CollapseError) as error:
        names = ", ".join(commission.channels)
        raise OffbeatError(
            f"the model of the sensors with the channels {names} was not trained: {error}"
        ) from error


def compare_model(
    learnt: Learnt, series: Sequence[SensorSeries], device: torch.device, on_progress: OnProgress
) -> Comparison | None:
    """Compare what was learnt with baselines on the time that its training held back; None if that is too little."""
    on_progress(Progress("comparing with baselines", 0, 1))
    return compare(learnt.model, series, learnt.report.config, device)
