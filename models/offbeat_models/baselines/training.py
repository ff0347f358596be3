"""Fitting a baseline where a model would be trained, with the same report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from offbeat_models.baselines.base import LOG_2PI_HALF, Baseline, BaselineConfig
from offbeat_models.baselines.history import gaps_of
from offbeat_models.baselines.registry import FEWEST_ROWS, fit_baseline
from offbeat_models.baselines.scoring import BaselineScorer
from offbeat_models.series import SensorSeries, check_learnable, check_series, split_by_time
from offbeat_models.training import TrainingConfig, TrainingReport
from offbeat_models.validation import Reference, Validation


@dataclass(frozen=True, slots=True)
class FittedBaseline:
    """A baseline and the report of its fit."""

    model: Baseline
    report: TrainingReport


def train_baseline(
    series: Sequence[SensorSeries], config: BaselineConfig, recipe: TrainingConfig, family: str
) -> FittedBaseline:
    """Fit a baseline on what a model of the same recipe would learn from, and judge it on the rest.

    Args:
        series: one a sensor.
        config: sizes.
        recipe: of a training; only what it holds back and its seed matter.
        family: which baseline.

    Raises:
        TrainingError: if nothing can be learned from the series.
    """
    check_series(series, config.channels, config.rows)
    usable = check_learnable(series, FEWEST_ROWS)
    learn, judge = split_by_time(usable, recipe.validation_share, recipe.sampling.shortest)
    fitted = fit_baseline(family, learn, config, recipe.seed)
    figures = _validation(fitted, judge or learn, Reference.measure(learn, judge or learn))
    return FittedBaseline(fitted, TrainingReport(0, "fitted", 0, figures, 0, [], recipe))


def _validation(fitted: Baseline, judge: Sequence[SensorSeries], reference: Reference) -> Validation:
    """Return the likelihoods of held-back rows; what only a model has is NaN or 0."""
    scorer = BaselineScorer(fitted, 1)
    slot, value, gap, squares = np.zeros(1, np.int64), [], [], []
    for one in judge:
        scorer.reset(slot)
        said = scorer.step(
            slot,
            np.array([one.row]),
            one.x[None],
            one.mask[None].astype(np.float32),
            gaps_of(one)[None],
            np.array([len(one)]),
        )
        value.append(said.value_nll[np.isfinite(said.value_nll)])
        gap.append(said.gap_nll[np.isfinite(said.gap_nll)])
        squares.append(one.x[one.mask] ** 2)
    mean = [
        float(np.concatenate(parts).mean()) if any(map(len, parts)) else np.nan
        for parts in (value, gap, squares)
    ]
    return Validation(
        score=mean[0],
        reconstruction=float("nan"),
        value=mean[0],
        gap=mean[1],
        kl_nats=0.0,
        active_dimensions=0,
        standard_normal=0.5 * mean[2] + float(LOG_2PI_HALF),
        constant_gaussian=reference.constant_gaussian,
        lag_information=reference.lag_information,
    )
