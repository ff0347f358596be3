"""Series and trained models that the tests share."""

from __future__ import annotations

import numpy as np

from offbeat_models.sampling import SamplingConfig
from offbeat_models.series import SensorSeries
from offbeat_models.synthetic import Stream, make_fleet, stream
from offbeat_models.training import TrainingConfig
from offbeat_models.windows import robust_center_scale, squash


def as_series(row: int, healthy: Stream) -> SensorSeries:
    """Return a stream as training sees it."""
    mask = ~np.isnan(healthy.values)
    x = np.zeros(healthy.values.shape)
    for c in range(x.shape[1]):
        centre, scale = robust_center_scale(healthy.values[mask[:, c], c])
        x[:, c] = (healthy.values[:, c] - centre) / (scale or 1.0)
    squashed = squash(np.where(mask, x, 0.0).astype(np.float32))
    return SensorSeries(row, healthy.times, squashed, mask, float(np.median(np.diff(healthy.times))))


def fleet(sensors: int, rows: int = 600, channels: int = 1, missing: float = 0.0) -> list[SensorSeries]:
    """Return recorded series of synthetic sensors, rows 1..sensors."""
    specs = make_fleet(0, sensors, channels, missing=missing)
    streams = [stream(spec, np.random.default_rng([0, i]), count=rows) for i, spec in enumerate(specs)]
    return [as_series(i + 1, one) for i, one in enumerate(streams)]


def quick(steps: int = 30, **changes: object) -> TrainingConfig:
    """Return a recipe that takes seconds."""
    values: dict[str, object] = {
        "steps": steps,
        "batch_windows": 16,
        "validation_windows": 64,
        "evaluate_every": max(10, steps // 5),
        "warm_up_steps": 10,
        "sampling": SamplingConfig(longest=48),
    }
    return TrainingConfig(**(values | changes))  # type: ignore[arg-type]
