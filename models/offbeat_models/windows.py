"""What a window is, in NumPy: normalised values, masks, gaps and times relative to its end.

The same functions serve training, scoring and the daemon's core, so that a value is scaled in one place only.
Times are float64 seconds on the host; a model sees only gaps and times in units of the sensor's median gap
(float32 epoch seconds are 128 s apart).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SQUASH_FROM = 4.0
"""Normalised values beyond this are compressed before a model sees them."""

Floats = NDArray[np.float32]


def squash(z: Floats) -> Floats:
    """Return z where |z| <= 4, else sign(z) * (4 + log1p(|z| - 4)): keeps order, tames outliers."""
    size = np.abs(z)
    beyond = np.log1p(np.maximum(size - SQUASH_FROM, 0.0))
    return np.where(size <= SQUASH_FROM, z, np.sign(z) * (SQUASH_FROM + beyond)).astype(np.float32)


def unsquash(z: Floats) -> Floats:
    """Invert `squash`, so that a model's mean and band can be given in the sensor's own units."""
    size = np.abs(z)
    beyond = np.expm1(np.minimum(np.maximum(size - SQUASH_FROM, 0.0), 60.0))
    return np.where(size <= SQUASH_FROM, z, np.sign(z) * (SQUASH_FROM + beyond)).astype(np.float32)


def robust_center_scale(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return (median, scale) of one channel; scale = max((q95 - q05) / 3.29, sd / 2), 0 if constant.

    The quantile range alone is dangerous on bursty and quantised channels, the deviation alone on heavy
    tails.

    Args:
        values: finite values, at least one.
    """
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    spread = float(np.std(values))
    constant = spread <= 1e-9 * max(abs(float(middle)), 1e-30)
    return float(middle), 0.0 if constant else max(float(high - low) / 3.29, 0.5 * spread)


def relative_time(
    times_seconds: NDArray[np.float64], lengths: NDArray[np.int64], unit_seconds: NDArray[np.float64]
) -> Floats:
    """Return times relative to each window's last reading in median gaps, <= 0; 0 in the padding.

    Args:
        times_seconds: [B, L] ascending within each length, right padded.
        lengths: [B], each at least 1.
        unit_seconds: [B], the sensors' median gaps, > 0.
    """
    last = times_seconds[np.arange(len(lengths)), lengths - 1]
    tau = (times_seconds - last[:, None]) / unit_seconds[:, None]
    inside = np.arange(times_seconds.shape[1])[None, :] < lengths[:, None]
    return np.where(inside, tau, 0.0).astype(np.float32)
