"""What can be learned from, what cannot, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest

from offbeat_models.series import (
    SensorSeries,
    TrainingError,
    check_learnable,
    check_series,
    gaussian_reference,
    lag_information,
    split_by_time,
)


def _series(x: object, row: int = 1) -> SensorSeries:
    values = np.asarray(x, np.float32).reshape(-1, 1)
    return SensorSeries(row, np.arange(len(values), dtype=np.float64), values, np.isfinite(values), 1.0)


GOOD = _series(np.sin(np.arange(100.0)))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (replace(GOOD, row=0), "row 0 has no place"),
        (replace(GOOD, row=9), "expected 1..1"),
        (replace(GOOD, x=GOOD.x[:5]), r"values \(5, 1\)"),
        (replace(GOOD, gap_unit_seconds=0.0), "median gap of 0.0 s"),
        (replace(GOOD, gap_unit_seconds=float("nan")), "median gap of nan s"),
        (replace(GOOD, times_seconds=GOOD.times_seconds[::-1]), "not ascending"),
        (replace(GOOD, x=np.full_like(GOOD.x, np.nan)), "NaN or infinity"),
    ],
)
def test_a_series_that_cannot_be_used_is_named(bad: SensorSeries, message: str) -> None:
    """Each defect is named with the row it was found in."""
    with pytest.raises(TrainingError, match=message):
        check_series([bad], channels=1, rows=2)


def test_no_series_at_all_is_refused() -> None:
    """Nothing to learn from is said plainly."""
    with pytest.raises(TrainingError, match="no series were given"):
        check_learnable([], 16)


def test_tiny_series_are_refused_with_their_size() -> None:
    """Series shorter than a window say how many rows there are and how many are needed."""
    with pytest.raises(TrainingError, match="has 5 rows; a window needs 16"):
        check_learnable([_series(range(5))], 16)


def test_constant_data_is_refused() -> None:
    """Sensors that never move teach nothing."""
    with pytest.raises(TrainingError, match="is constant"):
        check_learnable([_series(np.ones(100)), _series(np.zeros(50), 2)], 16)


def test_a_constant_sensor_among_others_is_kept() -> None:
    """One that moves is enough."""
    assert len(check_learnable([_series(np.ones(100)), GOOD, _series(range(3))], 16)) == 2


def test_the_last_share_of_time_is_held_back() -> None:
    """The held-back part is the series' end; a series that cannot spare a window keeps all of it."""
    learn, judge = split_by_time([_series(range(200)), _series(range(60))], 0.15, 16)
    assert [len(one) for one in learn] == [170, 60]
    assert [one.x[0, 0] for one in judge] == [170.0]


def test_the_constant_reference_is_the_fitted_gaussian() -> None:
    """Standard normal data cost half a log of 2 pi e, whatever their mean and scale were."""
    rng = np.random.default_rng(0)
    one = _series(3.0 + 2.0 * rng.normal(size=20_000))
    expected = 0.5 * np.log(2 * np.pi * np.e) + np.log(2.0)
    assert abs(gaussian_reference([one], [one]) - expected) < 0.02


def test_noise_tells_nothing_about_the_next_value() -> None:
    """Noise gains no nats from the value before; a slow wave gains many; a constant counts for nothing."""
    rng = np.random.default_rng(0)
    assert lag_information([_series(rng.normal(size=5000))]) < 0.01
    assert lag_information([_series(np.sin(np.arange(500) / 10))]) > 2.0
    assert lag_information([_series(np.ones(100))]) == 0.0
