"""Which baselines there are, and how to fit one by name."""

from __future__ import annotations

from collections.abc import Sequence

from offbeat_models.base import ModelConfigError
from offbeat_models.baselines.base import Baseline, BaselineConfig
from offbeat_models.baselines.half_space_trees import HalfSpaceTrees
from offbeat_models.baselines.pca import Pca
from offbeat_models.baselines.robust_z import RobustZ
from offbeat_models.series import SensorSeries, check_learnable, check_series

BASELINES: dict[str, type[Baseline]] = {kind.family: kind for kind in (RobustZ, Pca, HalfSpaceTrees)}
"""Class by family name; a model family and a baseline never share a name."""

FEWEST_ROWS = 16


def baseline_class(family: str) -> type[Baseline]:
    """Return the class of a baseline; an unknown name raises `ModelConfigError`."""
    if family not in BASELINES:
        raise ModelConfigError(f"unknown baseline {family!r}; known are {', '.join(BASELINES)}")
    return BASELINES[family]


def fit_baseline(
    family: str, series: Sequence[SensorSeries], config: BaselineConfig, seed: int = 0
) -> Baseline:
    """Fit a baseline on recorded series.

    Args:
        family: key of `BASELINES`.
        series: one a sensor.
        config: sizes.
        seed: source of all randomness.

    Raises:
        TrainingError: if nothing can be learned from the series.
    """
    kind = baseline_class(family)
    check_series(series, config.channels, config.rows)
    return kind(config).fit(check_learnable(series, FEWEST_ROWS), seed)
