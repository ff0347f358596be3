"""pca."""

from __future__ import annotations

import numpy as np

from offbeat_models.baselines.base import BaselineConfig
from offbeat_models.baselines.history import recorded_history
from offbeat_models.baselines.pca import grid_times, vectors
from offbeat_models.baselines.registry import fit_baseline
from offbeat_models.series import SensorSeries


def _wave(seed: int, rows: int = 1500, shifted: bool = False) -> SensorSeries:
    """Return two channels that follow one sine, at irregular times; `shifted` takes one out of step."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(1.0, rows))
    phase = 2 * np.pi * times / 20.0
    x = np.stack([np.sin(phase), np.sin(phase + (2.0 if shifted else 0.0))], axis=1)
    x += 0.05 * rng.normal(size=x.shape)
    return SensorSeries(1, times, x.astype(np.float32), np.ones(x.shape, np.bool_), 0.7)


def test_the_grid_reads_between_rows_before_the_judged_one() -> None:
    """By interpolation in time; after the last row its value is held, and the judged one does not leak."""
    x = np.arange(6.0, dtype=np.float32)[:, None]
    one = SensorSeries(1, np.array([0.0, 2.0, 4.0, 6.0, 8.0, 9.5]), x, np.ones(x.shape, np.bool_), 1.0)
    vector = vectors(recorded_history(one, np.array([5])))[0]
    times = 9.5 + np.arange(1 - grid_times(1), 1)
    assert np.allclose(vector[:-1], np.interp(times, one.times_seconds[:5], x[:5, 0]), atol=1e-5)
    assert vector[-1] == 5.0


def test_channels_out_of_step_are_a_strange_window_though_each_value_is_ordinary() -> None:
    """What robust z cannot see."""
    fitted = fit_baseline("pca", [_wave(0)], BaselineConfig(2, 2))
    ends = np.arange(100, 1500, 7)
    usual = fitted.judge_window(recorded_history(_wave(1), ends))
    strange = fitted.judge_window(recorded_history(_wave(1, shifted=True), ends))
    assert usual is not None
    assert strange is not None
    assert np.median(strange) > np.quantile(usual, 0.99)


def test_the_next_value_is_foretold() -> None:
    """Better than by the sensor's own spread."""
    fitted = fit_baseline("pca", [_wave(0)], BaselineConfig(2, 2))
    history = recorded_history(_wave(1), np.arange(100, 1500, 7))
    said = fitted.judge(history)
    assert np.mean((history.x[:, -1] - said.mean) ** 2) < 0.5 * np.var(history.x[:, -1])
