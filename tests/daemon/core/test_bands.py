"""The band that a value was expected in."""

from __future__ import annotations

import numpy as np

from offbeat.core.bands import DEVIATIONS, band, model_band, telling_band


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


def test_the_band_of_a_strange_value_is_the_one_it_is_outside_of() -> None:
    """The model expects 50 where 10 is usual: of a strange 50 the usual is told, of an ordinary one the model's."""
    facts = floats(5.0), floats(0.2), floats(10.0), floats(2.0)
    followed = model_band(*facts)
    value = followed[0]
    usual = floats(4.0), floats(16.0)
    np.testing.assert_allclose(telling_band(value, np.array([[True]]), *facts), usual)
    np.testing.assert_allclose(telling_band(value, np.array([[False]]), *facts), followed)
    np.testing.assert_allclose(telling_band(floats(12.0), np.array([[True]]), *facts), followed)
