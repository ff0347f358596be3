"""Learning from recordings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from offbeat.core.commissioning import calibrate_streams, calibrate_tracks, fit_normaliser_and_ridge
from offbeat.core.fusion import Fused
from offbeat.core.recording import Recording
from offbeat.core.streams.registry import STREAM_NAMES, TRACKS, CheapStreams
from tests.support.commissioned import commissioned, recording, rounds_of_one

Array = np.ndarray
odd = st.one_of(
    st.floats(-(2.0**100), 2.0**100, width=32), st.sampled_from([0.0, 5.0, np.nan, np.inf, -np.inf])
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        hnp.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=odd),
        min_size=0,
        max_size=3,
    ),
    st.sampled_from([0.0, 1e-9, 60.0, 1e7]),
)
def test_any_recording_can_be_learnt_and_lived_with(values: list[Array], gap: float) -> None:
    """Empty, constant, all-NaN, one row, standing time, wild numbers: finite scales, streams go on."""
    recordings = [Recording(f"s{i}", np.arange(len(v)) * gap, v) for i, v in enumerate(values)]
    commission = fit_normaliser_and_ridge(("x", "y"), recordings)
    for array in (commission.scale, commission.step, commission.ridge.scale):
        assert np.isfinite(array).all()
        assert (array > 0).all()
    assert np.isfinite(commission.center).all()
    assert np.isfinite(commission.gap_unit_seconds).all()
    assert np.isfinite(commission.rows_per_week).all()
    streams = CheapStreams(commission, len(values) + 1)
    for slot in range(len(values) + 1):
        for rows in rounds_of_one(commission, np.random.default_rng(slot).normal(size=(12, 2)), slot):
            assert not np.isinf(streams.update(rows)).any()


def test_the_normaliser_is_the_robust_one() -> None:
    """Median and a spread that neither bursts nor plateaus fool."""
    rng = np.random.default_rng(0)
    commission = commissioned(recording(rng.normal(50, 4, size=5000)))
    assert commission.center[1, 0] == pytest.approx(50, abs=0.3)
    assert commission.scale[1, 0] == pytest.approx(4, rel=0.05)
    burst = np.where(rng.random(5000) < 0.01, 1.0, 0.0)
    assert commissioned(recording(burst)).scale[1, 0] == pytest.approx(0.5 * burst.std(), rel=0.01)


def test_a_constant_channel_has_a_scale_from_the_fleet_or_from_itself() -> None:
    """A twentieth of the fleet's scale; alone, a ten-thousandth of its value; at zero, one."""
    moving = recording(np.random.default_rng(1).normal(0, 2, size=1000), "moving")
    still = recording(np.full(1000, 30.0), "still")
    both = commissioned(moving, still)
    assert both.constant[:, 0].tolist() == [False, False, True]
    assert both.scale[2, 0] == pytest.approx(0.05 * both.scale[0, 0], rel=1e-5)
    alone = commissioned(still)
    assert alone.scale[1, 0] == pytest.approx(3e-3)
    assert commissioned(recording(np.zeros(50))).scale[1, 0] == 1
    assert not alone.constant[0].any(), "of an unknown sensor nobody knows what it holds still at"


def test_time_is_learnt_in_median_gaps_and_rows_a_week() -> None:
    """The fleet's row is the median sensor; standing time falls back to it."""
    values = np.random.default_rng(2).normal(size=101)
    commission = commissioned(
        recording(values, "slow", 3600.0), recording(values, "fast", 1.0), recording(values, "dead", 0.0)
    )
    assert commission.gap_unit_seconds[1:3].tolist() == [3600.0, 1.0]
    assert commission.gap_unit_seconds[3] == commission.gap_unit_seconds[0]
    assert commission.rows_per_week[1] == pytest.approx(168)


def test_resolution_is_the_smallest_step() -> None:
    """What a quantised sensor can tell apart."""
    values = np.round(np.random.default_rng(3).normal(size=300) * 2) / 2
    assert commissioned(recording(values)).resolution[1, 0] == pytest.approx(0.5)


def test_a_sensor_absent_from_a_pass_is_judged_by_the_fleet() -> None:
    """Rows stay with their sensors whoever has something to tell."""
    rng = np.random.default_rng(4)
    commission = commissioned(*(recording(rng.normal(size=200), s) for s in "abc"))
    raw = rng.exponential(size=(300, len(STREAM_NAMES))).astype(np.float32)
    commission = calibrate_streams(commission, {"a": raw, "c": raw * 10})
    said = commission.surprise(np.arange(4), np.full((4, len(STREAM_NAMES)), 5.0, np.float32))
    assert np.array_equal(said[2], said[0])
    assert (said[1] > said[3]).all()


def test_runs_of_a_track_are_counted_in_rows() -> None:
    """Surprise that comes in runs of ten rows is one case in ten rows, so that the boundary may lie lower."""
    rng = np.random.default_rng(5)
    single = rng.exponential(size=(5000, len(TRACKS))).astype(np.float32)
    commission = commissioned(*(recording(rng.normal(size=200), s) for s in "ab"))
    commission = calibrate_streams(commission, {})
    tracks = {"a": single, "b": np.repeat(single[:500], 10, axis=0)}
    commission = calibrate_tracks(commission, {name: Fused(said, said) for name, said in tracks.items()})
    assert commission.alarm_run is not None
    assert commission.alarm_run[1] == pytest.approx(1.15, abs=0.15), (
        "two by chance are one episode now and then"
    )
    assert commission.alarm_run[2] == pytest.approx(10.0, rel=0.1)
    assert commission.severity_run is not None
    allowed = commission.severity_p_value(np.array([1, 2]), 1.0)
    assert allowed[1] / allowed[0] == pytest.approx(commission.severity_run[2] / commission.severity_run[1])
    assert (allowed[1] / allowed[0] > 5.0).all()
