"""The ridge autoregression."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core import ridge

Array = np.ndarray


def oscillation(n: int, seed: int) -> Array:
    """Return a second-order autoregressive sensor, [n, 1]."""
    rng = np.random.default_rng(seed)
    x = np.zeros(n)
    for i in range(2, n):
        x[i] = 1.6 * x[i - 1] - 0.8 * x[i - 2] + 0.4 * rng.normal()
    return x[:, None].astype(np.float32)


def even(n: int) -> Array:
    """Return gaps of one median gap."""
    return np.r_[np.nan, np.ones(n - 1)].astype(np.float32)


def lags_of(values: Array) -> Array:
    """Return the last eight values, newest first, as the stream holds them [1, 1, 8]."""
    return values[-8:, 0][::-1].copy()[None, None]


def test_it_learns_the_law_that_made_the_sensor() -> None:
    """A second-order law is predicted to its own noise, where holding the last value is far off."""
    z = oscillation(3000, 0)
    fitted = ridge.fit([z], [even(3000)])
    now = np.zeros((1, 1), np.float32)
    errors = [
        float(fitted.expected(np.array([1]), lags_of(z[:i]), now)[0, 0] - z[i, 0]) for i in range(500, 1000)
    ]
    assert np.std(errors) == pytest.approx(0.4, rel=0.15)
    assert fitted.scale[1, 0] == pytest.approx(0.4, rel=0.15)
    assert np.std(np.diff(z[:, 0])) > 0.6


def test_a_sensor_of_few_rows_leans_on_the_fleet() -> None:
    """Twenty rows of a sensor like the others are predicted as the others are."""
    fleet = [oscillation(2000, seed) for seed in range(3)]
    fitted = ridge.fit([*fleet, oscillation(20, 9)], [even(2000)] * 3 + [even(20)])
    assert fitted.own[4] == pytest.approx(fitted.own[0], abs=0.35)
    assert fitted.scale[4, 0] == pytest.approx(fitted.scale[0, 0], rel=0.5)


@pytest.mark.parametrize("rows", [0, 1, 8, 9])
def test_too_few_rows_are_no_error(rows: int) -> None:
    """Nothing learnt means that everything is expected to stay."""
    z = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    fitted = ridge.fit([z], [even(rows)[:rows] if rows else np.zeros(0, np.float32)])
    held = np.full((1, 1, 8), 0.5, np.float32)
    assert fitted.expected(np.array([1]), held, np.zeros((1, 1), np.float32))[0, 0] == pytest.approx(
        0.5, abs=0.6
    )
    assert (fitted.scale > 0).all()


def test_a_channel_that_was_never_observed_expects_to_stay() -> None:
    """All-NaN and constant channels leave finite weights and positive scales."""
    z = np.column_stack([oscillation(300, 1)[:, 0], np.full(300, np.nan), np.zeros(300)]).astype(np.float32)
    fitted = ridge.fit([z], [even(300)])
    for array in (fitted.own, fitted.cross, fitted.gap, fitted.bias, fitted.scale):
        assert np.isfinite(array).all()
    assert (fitted.scale > 0).all()


def test_missing_values_do_not_shift_the_lags() -> None:
    """A channel that reports every other row has the law it has when those rows are not there."""
    z = oscillation(1500, 2)
    sparse = np.full((3000, 1), np.nan, np.float32)
    sparse[::2] = z
    dense = ridge.fit([z], [even(1500) * 2])
    assert ridge.fit([sparse], [even(3000)]).own == pytest.approx(dense.own, abs=1e-4)


def test_it_survives_being_written_down() -> None:
    """Tensors there and back are the same ridge."""
    fitted = ridge.fit([oscillation(300, 3)], [even(300)])
    again = ridge.Ridge.from_tensors("r.", fitted.to_tensors("r."))
    assert np.array_equal(again.own, fitted.own)
    assert np.array_equal(again.scale, fitted.scale)


def test_features_of_gaps_are_bounded_and_rest_at_the_median() -> None:
    """A week of silence is as a long gap, not as a wild regressor."""
    gaps = np.array([1.0, 0.0, 1e9])
    assert ridge.log_gap(gaps)[0] == 0
    assert ridge.spread(gaps)[0] == ridge.spread(gaps)[1] == 1
    assert ridge.spread(gaps)[2] == 8
    assert np.isfinite(ridge.log_gap(gaps)).all()


def test_the_usual_unrest_is_that_of_the_residual() -> None:
    """Near 0 for a sensor whose noise never changes; the fleet's where a sensor is too short to tell."""
    fitted = ridge.fit([oscillation(3000, 0), oscillation(20, 1)], [even(3000), even(20)])
    assert fitted.unrest[1, 0] == pytest.approx(0.0, abs=0.25)
    assert fitted.unrest[2, 0] == fitted.unrest[0, 0] == fitted.unrest[1, 0]
