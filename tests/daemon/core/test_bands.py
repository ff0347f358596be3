"""The band that a value was expected in."""

from __future__ import annotations

import numpy as np

from offbeat.core.bands import DEVIATIONS, band, model_band


def floats(*values: float) -> np.ndarray:
    """Return one sensor's channels."""
    return np.array([values], np.float32)


def test_a_models_band_is_in_the_sensors_own_units() -> None:
    """Three deviations to either side of the mean."""
    low, high = model_band(floats(0.0, 1.0), floats(0.1, 0.5), floats(20.0, 5.0), floats(2.0, 10.0))
    np.testing.assert_allclose(low, floats(19.4, 0.0), atol=1e-5)
    np.testing.assert_allclose(high, floats(20.6, 30.0), atol=1e-5)


def test_a_band_beyond_what_the_model_squashes_is_stretched_again() -> None:
    """The model sees 4 + log(1 + 2) where the value is 6 scales off."""
    squashed = 4.0 + np.log1p(2.0)
    low, high = model_band(floats(squashed), floats(0.0), floats(0.0), floats(1.0))
    np.testing.assert_allclose([low, high], [floats(6.0), floats(6.0)], rtol=1e-6)


def test_where_the_model_has_no_say_the_normaliser_has() -> None:
    """And where there is no normaliser yet nothing is expected."""
    nan = float("nan")
    low, high = band(
        floats(nan, nan, 0.0), floats(nan, nan, 0.1), floats(7.0, 1.0, 0.0), floats(2.0, 0.0, 1.0)
    )
    reach = 2.0 * float(DEVIATIONS)
    np.testing.assert_allclose(low, floats(7.0 - reach, nan, -0.3), rtol=1e-6)
    np.testing.assert_allclose(high, floats(7.0 + reach, nan, 0.3), rtol=1e-6)
