"""robust_z."""

from __future__ import annotations

import numpy as np

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.history import recorded_history
from offbeat_models.baselines.registry import fit_baseline
from offbeat_models.series import SensorSeries


def _series(values: np.ndarray, row: int = 1) -> SensorSeries:  # type: ignore[type-arg]
    x = values.astype(np.float32)[:, None]
    return SensorSeries(row, np.arange(float(len(x))), x, np.ones(x.shape, np.bool_), 1.0)


def test_a_value_is_expected_at_the_median_with_the_robust_deviation() -> None:
    """A share of faults in what was learnt widens nothing."""
    values = np.random.default_rng(0).normal(0.5, 0.8, 4000)
    values[::25] = 30.0
    fitted = fit_baseline("robust_z", [_series(values)], BaselineConfig(1, 2))
    said = fitted.judge(recorded_history(_series(values), np.array([1])))
    assert abs(said.mean[0, 0] - 0.5) < 0.1
    assert 0.75 < said.sigma[0, 0] < 1.1


def test_gaps_are_judged_by_the_log_of_their_length() -> None:
    """A gap ten times as long is as strange as one a tenth as long, and both are stranger than the usual one."""
    fitted = fit_baseline(
        "robust_z", [_series(np.random.default_rng(0).normal(size=200))], BaselineConfig(1, 2)
    )
    usual, long, short = fitted.gap_nll(np.ones(3, np.int64), np.array([1.0, 10.0, 0.1], np.float32))
    assert abs(long - short) < 1e-4
    assert long > usual + 5
