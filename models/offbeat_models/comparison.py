"""Whether a model earns its place: itself and each baseline on the same held-back rows with injected faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.registry import BASELINES, FEWEST_ROWS
from offbeat_models.case_scoring import CASES_PER_CALL, Floats, score_cases
from offbeat_models.evaluation import average_precision, recall_at
from offbeat_models.held_back_faults import CLEAN, LEAD_ROWS, Case, cases
from offbeat_models.series import SensorSeries, held_back_rows, split_by_time
from offbeat_models.served import ServedModel, scorer_of
from offbeat_models.training import TrainingConfig

FALSE_SHARE = 0.01
MOST_SENSORS = 24
MOST_ROWS = 4000
"""Of a sensor's learning part that a baseline is fitted on."""
CASES_A_KIND = 48
CLEAN_CASES = 400
FULL_EFFORT_STEPS = 1000
"""A training of fewer steps is compared on proportionally fewer cases, so that comparing stays cheap beside it."""
LEAST_EFFORT = 0.25
CLEARLY = 0.01
"""A figure that is better by less may be chance."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How one detector did.

    Attributes:
        detector: family name.
        average_precision: by row, mean over the kinds of faults.
        recall: share of faulty stretches found with 1 % of the clean ones alarmed, mean over the kinds.
        recall_by_fault: the same by kind.
    """

    detector: str
    average_precision: float
    recall: float
    recall_by_fault: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model against the baselines.

    Attributes:
        model: figures of the model.
        baselines: figures of each baseline, but for the model's own family.
        sensors: how many sensors were looked at.
        stretches: how many faulty and clean stretches.
    """

    model: Figures
    baselines: tuple[Figures, ...]
    sensors: int
    stretches: int

    def better(self) -> list[str]:
        """Return the baselines that the model does not beat: clearly better at one figure, or as good at both."""
        return [one.detector for one in self.baselines if self._not_beaten(one)]

    def _not_beaten(self, one: Figures) -> bool:
        gains = (one.average_precision - self.model.average_precision, one.recall - self.model.recall)
        return max(gains) > CLEARLY or min(gains) >= 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as nested dictionaries of plain values, with the baselines that the model does not beat."""
        return {**asdict(self), "not_beaten": self.better()}


def compare(
    model: ServedModel,
    series: Sequence[SensorSeries],
    recipe: TrainingConfig,
    device: torch.device | None = None,
) -> Comparison | None:
    """Compare a trained model with baselines fitted on the same learning part; None if too little was held back.

    Args:
        model: trained on the series by the recipe.
        series: one a sensor, as in training.
        recipe: of the training; it says what was held back.
        device: of the model.
    """
    whole = [one for one in series if len(one) >= recipe.sampling.shortest]
    whole = (
        [whole[i] for i in np.unique(np.linspace(0, len(whole) - 1, MOST_SENSORS).astype(int))]
        if whole
        else []
    )
    learn, _ = split_by_time(whole, recipe.validation_share, recipe.sampling.shortest)
    effort = float(np.clip(recipe.steps / FULL_EFFORT_STEPS, LEAST_EFFORT, 1.0))
    held_back = [held_back_rows(one, recipe.validation_share, recipe.sampling.shortest) for one in whole]
    made = cases(whole, held_back, round(CASES_A_KIND * effort), round(CLEAN_CASES * effort), recipe.seed)
    if not made:
        return None
    kinds = {case.kind for case in made}
    units = [one.gap_unit_seconds for one in whole]
    own = score_cases(scorer_of(model, CASES_PER_CALL, device), made, [one.row for one in whole], units)
    baselines = [
        _figures(family, made, _scored(family, learn, made, units, recipe.seed))
        for family in BASELINES
        if family != model.family
    ]
    sensors = len({case.sensor for case in made})
    assert CLEAN in kinds
    return Comparison(_figures(model.family, made, own), tuple(baselines), sensors, len(made))


def _scored(
    family: str, learn: Sequence[SensorSeries], made: Sequence[Case], units: Sequence[float], seed: int
) -> list[Floats]:
    """Fit a baseline on the newest rows of the learning parts, and score the cases."""
    rows = list(range(1, len(learn) + 1))
    parts = [
        replace(one.part(max(0, len(one) - MOST_ROWS), len(one)), row=row)
        for one, row in zip(learn, rows, strict=True)
    ]
    config = BaselineConfig(learn[0].x.shape[1], len(learn) + 1)
    fitted = BASELINES[family](config).fit([one for one in parts if len(one) >= FEWEST_ROWS], seed)
    return score_cases(scorer_of(fitted, CASES_PER_CALL), made, rows, units)


def _figures(detector: str, made: Sequence[Case], scores: Sequence[Floats]) -> Figures:
    clean = [score for case, score in zip(made, scores, strict=True) if case.kind == CLEAN]
    precision, recall = {}, {}
    for kind in dict.fromkeys(case.kind for case in made if case.kind != CLEAN):
        ill = [(case, score) for case, score in zip(made, scores, strict=True) if case.kind == kind]
        rows = np.concatenate([*(score[case.faulty[LEAD_ROWS:]] for case, score in ill), *clean])
        labels = np.arange(len(rows)) < sum(int(case.faulty.sum()) for case, _ in ill)
        precision[kind] = average_precision(labels, rows)
        peaks = [float(score.max()) for _, score in ill] + [float(score.max()) for score in clean]
        recall[kind] = recall_at(np.arange(len(peaks)) < len(ill), peaks, FALSE_SHARE)
    return Figures(
        detector,
        float(np.mean(list(precision.values()))),
        float(np.mean(list(recall.values()))),
        recall,
    )
