"""What was learnt of a group."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from offbeat.core.commission import LEAST_ALARM_P, MOST_ALARM_P, Commission, alarm_p_value
from offbeat.core.commissioning import calibrate_streams, calibrate_tracks
from offbeat.core.fusion import Fused
from offbeat.core.streams.registry import STREAM_NAMES, TRACKS
from tests.support.commissioned import commissioned, recording

SENSORS = ("a", "b")


def half() -> Commission:
    """Return a commission without calibrations."""
    rng = np.random.default_rng(0)
    return commissioned(*(recording(rng.normal(size=(500, 2)), sensor) for sensor in SENSORS))


def whole(seed: int = 1) -> Commission:
    """Return a commission with calibrations, learnt from made-up raw values and surprises."""
    rng = np.random.default_rng(seed)
    raw = {s: rng.exponential(size=(500, len(STREAM_NAMES))).astype(np.float32) for s in SENSORS}
    fused = {s: rng.exponential(0.4, size=(4000, len(TRACKS))).astype(np.float32) for s in SENSORS}
    return calibrate_tracks(
        calibrate_streams(half(), raw), {name: Fused(said, said) for name, said in fused.items()}
    )


def test_unknown_sensors_have_row_zero() -> None:
    """Known ones have the row after their place."""
    assert [half().row_of(sensor) for sensor in ("a", "b", "c", "")] == [1, 2, 0, 0]


def test_it_works_before_it_is_calibrated() -> None:
    """Surprise and score are unknown, never an error: commissioning plays through it in passes."""
    row = np.array([0, 1])
    assert np.isnan(half().surprise(row, np.ones((2, len(STREAM_NAMES)), np.float32))).all()
    assert np.isnan(half().score(row, np.ones((2, len(TRACKS)), np.float32), 1.0)).all()


def test_normalising_is_robust_and_blind_to_what_is_not_there() -> None:
    """Unobserved values are 0 whatever they hold; huge ones stay finite."""
    commission = half()
    values = np.array([[1.0, np.nan], [3e38, 2.0]], np.float32)
    z = commission.normalise(np.array([1, 1]), values, np.array([[True, False], [True, True]]))
    assert z.dtype == np.float32
    assert np.isfinite(z).all()
    assert z[0, 1] == 0
    assert z[0, 0] == pytest.approx((1.0 - commission.center[1, 0]) / commission.scale[1, 0])


def test_score_one_is_the_boundary_of_the_budget() -> None:
    """A share p of ordinary rows scores above 1, where p is what the budget allows."""
    commission = whole()
    rng = np.random.default_rng(2)
    severity = rng.exponential(0.4, size=(100_000, len(TRACKS))).astype(np.float32)
    row = np.ones(len(severity), np.intp)
    budget = 100.0
    allowed = commission.severity_p_value(row[:1], budget)[0]
    above = (commission.score(row, severity, budget) > 1).mean(axis=0)
    assert above == pytest.approx(allowed, rel=0.3)


def test_a_larger_budget_lets_more_through_within_bounds() -> None:
    """The allowed chance grows with the budget and stays a chance, for any budget."""
    commission = whole()
    row = np.arange(3)
    budgets = (0.0, 0.01, 1.0, 100.0, 1e9)
    bounds([commission.severity_p_value(row, budget) for budget in budgets])
    bounds([alarm_p_value(commission.rows_per_week[row], budget) for budget in budgets])


def test_a_sensor_of_another_pace_is_judged_by_its_own() -> None:
    """Ten times the rows are ten times the chances to be wrong."""
    slow, fast = np.array([6e4]), np.array([6e5])
    assert alarm_p_value(slow, 1.0) == pytest.approx(10 * alarm_p_value(fast, 1.0))
    commission, row, severity = whole(), np.ones(1, np.intp), np.full((1, len(TRACKS)), 5.0, np.float32)
    scores = [commission.score(row, severity, 1.0, rate) for rate in (slow, fast)]
    assert (scores[0] > scores[1]).all()


def bounds(allowed: list[np.ndarray]) -> None:
    """Check that chances rise and stay between the bounds."""
    for small, large in pairwise(allowed):
        assert (small <= large).all()
    assert (allowed[0] == LEAST_ALARM_P).all()
    assert (allowed[-1] == MOST_ALARM_P).all()


def test_what_another_one_knows_of_a_sensor_can_be_kept() -> None:
    """Its laws are those of before to the bit; what this one knew, and of strangers, is as it was."""
    mine, other = whole(), whole(2)
    renamed = Commission.from_tensors(other.channels, ("c", "d"), other.to_tensors())
    both = mine.with_rows_of(renamed, ("d",))
    assert both.sensors == ("a", "b", "d")
    raw = np.random.default_rng(2).exponential(3, (3, len(STREAM_NAMES))).astype(np.float32)
    kept = both.surprise(np.full(3, both.row_of("d")), raw)
    assert np.array_equal(kept, renamed.surprise(np.full(3, renamed.row_of("d")), raw), equal_nan=True)
    for row in range(3):
        before = mine.surprise(np.full(3, row), raw)
        assert np.array_equal(both.surprise(np.full(3, row), raw), before, equal_nan=True)
    assert not np.array_equal(kept, mine.surprise(np.full(3, mine.row_of("b")), raw), equal_nan=True)
    assert both.learnt_seconds[3] == renamed.learnt_seconds[2] > 0
    assert both.center[3] == pytest.approx(renamed.center[2])


def test_of_what_is_fused_of_other_votes_a_sensor_that_is_kept_has_the_laws_of_strangers() -> None:
    """And of what only this commission learnt; what streams say each is as before."""
    ours, theirs = whole().to_tensors(), whole(2).to_tensors()
    ours["voting"], ours["long_scale"] = (
        np.ones(len(STREAM_NAMES), np.bool_),
        np.full((3, 2), 0.5, np.float32),
    )
    ours["long_scale"][0] = 0.25
    mine = Commission.from_tensors(half().channels, SENSORS, ours)
    both = mine.with_rows_of(Commission.from_tensors(half().channels, ("c", "d"), theirs), ("d",))
    tensors = both.to_tensors()
    for name in ("severity.knots", "alarm.knots", "severity_run", "long_scale"):
        assert np.array_equal(tensors[name][3], ours[name][0]), name
    assert np.array_equal(tensors["streams.knots"][3], theirs["streams.knots"][2])
    assert np.array_equal(tensors["voting"], ours["voting"])


def test_it_survives_being_written_down() -> None:
    """Tensors there and back judge the same, calibrated or not."""
    raw = np.random.default_rng(3).exponential(size=(20, len(STREAM_NAMES))).astype(np.float32)
    row = np.arange(20) % 3
    for commission in (half(), whole()):
        again = Commission.from_tensors(commission.channels, commission.sensors, commission.to_tensors())
        assert np.array_equal(again.surprise(row, raw), commission.surprise(row, raw), equal_nan=True)
        fused = raw[:, : len(TRACKS)]
        assert np.array_equal(again.score(row, fused, 1.0), commission.score(row, fused, 1.0), equal_nan=True)
        assert again.to_tensors().keys() == commission.to_tensors().keys()


def test_missing_arrays_are_named() -> None:
    """An artifact that lacks something says what."""
    tensors = half().to_tensors()
    del tensors["center"], tensors["step"]
    with pytest.raises(KeyError, match="center, step"):
        Commission.from_tensors(("c0", "c1"), SENSORS, tensors)
