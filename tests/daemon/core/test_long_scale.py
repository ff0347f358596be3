"""How large the means of the long view are, per sensor and for those nobody knows."""

from __future__ import annotations

import numpy as np

from offbeat.core import long_scale
from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.recording import Recording

HOUR = 64 * 60.0


def scales(*columns: np.ndarray) -> np.ndarray:
    """Return the scale of sensors of one channel that report every second."""
    recordings = [
        Recording(f"s{i}", np.arange(float(len(v))), v[:, None].astype(np.float32))
        for i, v in enumerate(columns)
    ]
    commission = fit_normaliser_and_ridge(("value",), recordings)
    return long_scale.fit(commission, recordings, HOUR)[:, 0]


def test_noise_averages_out_and_slow_movement_does_not() -> None:
    """Sixty values of noise in a bin leave an eighth of it; a swing of an hour is left whole."""
    random, times = np.random.default_rng(0), np.arange(20_000.0)
    noise, swing = random.normal(size=20_000), np.sin(2 * np.pi * times / 3600.0)
    fleet, small, large = scales(noise, swing)
    assert 0.08 < small < 0.2
    assert 0.9 < large < 1.1
    np.testing.assert_allclose(fleet, (small + large) / 2, rtol=1e-5)


def test_who_has_too_little_or_never_moved_is_scaled_as_the_fleet() -> None:
    """A constant channel and a short recording tell nothing of their own."""
    random = np.random.default_rng(0)
    fleet, *own = scales(random.normal(size=20_000), np.ones(20_000), random.normal(size=300))
    assert own == [fleet] * 3


def test_a_fleet_without_a_single_bin_is_scaled_by_one() -> None:
    """Nothing is divided by nothing."""
    assert scales(np.ones(5)).tolist() == [1.0, 1.0]
