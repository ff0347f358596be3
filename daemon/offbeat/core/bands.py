"""The band that a value was expected in, in the sensor's own units, for whole arrays of sensors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat_models.windows import unsquash

Floats = NDArray[np.float32]

DEVIATIONS = np.float32(3.0)
"""Half the width of every band, in deviations of what was expected."""


def model_band(mean: Floats, sigma: Floats, center: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return the (low, high) of what a model expected; NaN where it had no say, or no scale is known.

    Args:
        mean: expected values, squashed and normalised, [..., C].
        sigma: their deviations, likewise.
        center: of the normaliser [..., C].
        scale: of the normaliser [..., C].
    """
    reach, scale = DEVIATIONS * sigma, np.where(scale > 0, scale, np.float32(np.nan))
    return unsquash(mean - reach) * scale + center, unsquash(mean + reach) * scale + center


def band(mean: Floats, sigma: Floats, center: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return the (low, high) of the model, or of the normaliser where the model had no say; NaN without either.

    Args:
        mean: as in `model_band`.
        sigma: as in `model_band`.
        center: of the normaliser.
        scale: of the normaliser; 0 = unknown.
    """
    low, high = model_band(mean, sigma, center, scale)
    usual_low, usual_high = _usual_band(center, scale)
    return np.where(np.isnan(low), usual_low, low), np.where(np.isnan(high), usual_high, high)


def telling_band(
    value: Floats, strange: NDArray[np.bool_], mean: Floats, sigma: Floats, center: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Return the (low, high) that says why a value is strange; of an ordinary one that of `band`.

    A model that follows a lasting deviation comes to expect it. Where a strange value is inside the model's band and
    outside the normaliser's, it is the latter that an alert tells of, and so does everything else.

    Args:
        value: as it was read [..., C].
        strange: whether the row is [..., 1].
        mean: as in `model_band`.
        sigma: as in `model_band`.
        center: of the normaliser.
        scale: of the normaliser; 0 = unknown.
    """
    low, high = band(mean, sigma, center, scale)
    usual_low, usual_high = _usual_band(center, scale)
    followed = strange & (low <= value) & (value <= high) & ((value < usual_low) | (value > usual_high))
    return np.where(followed, usual_low, low), np.where(followed, usual_high, high)


def _usual_band(center: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Return the (low, high) of the normaliser; NaN where it knows nothing."""
    reach = np.where(scale > 0, DEVIATIONS * scale, np.float32(np.nan))
    return center - reach, center + reach
