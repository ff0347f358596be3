"""Synthetic sensors: irregular, repeatable, and faulty exactly where the label says."""

import numpy as np
import pytest

from offbeat_models.synthetic import FAULT_KINDS, FaultKind, Stream, inject, make_fleet, stream

FLEET = make_fleet(0, 28, channels=2)


def _healthy(index: int = 0, count: int = 300) -> Stream:
    return stream(FLEET[index], np.random.default_rng(index), 1e9, count=count)


@pytest.mark.parametrize("index", range(28))
def test_streams_ascend_and_are_finite(index: int) -> None:
    """Every shape and rhythm gives ascending times, finite values, and about the gap it was made with."""
    one = _healthy(index, 2000)
    assert len(one) == 2000
    assert one.times[0] == 1e9
    assert (np.diff(one.times) > 0).all()
    assert np.isfinite(one.values).all()
    assert np.diff(one.times).mean() == pytest.approx(FLEET[index].gap_seconds, rel=0.2)


def test_a_fleet_holds_every_shape_and_rhythm() -> None:
    """Shapes and rhythms come in turn, so 28 sensors hold all pairs, under their own names."""
    assert len({(spec.shape, spec.rhythm) for spec in FLEET}) == 28
    assert len({spec.name for spec in FLEET}) == 28


def test_the_seed_decides_everything() -> None:
    """The same seeds give the same fleet and stream."""
    assert make_fleet(0, 28, channels=2) == FLEET
    np.testing.assert_array_equal(_healthy().values, _healthy().values)


def test_a_span_is_covered_and_not_left() -> None:
    """Asked for seconds, a stream reaches to their end."""
    spec = FLEET[0]
    one = stream(spec, np.random.default_rng(0), 5.0, span=200 * spec.gap_seconds)
    assert one.times[-1] <= 5.0 + 200 * spec.gap_seconds
    assert one.times[-1] > 5.0 + 190 * spec.gap_seconds


def test_count_or_span_is_asked_for() -> None:
    """Neither and both are refused."""
    for asked in ({}, {"count": 1, "span": 1.0}):
        with pytest.raises(ValueError, match="count or span"):
            stream(FLEET[0], np.random.default_rng(0), **asked)  # type: ignore[arg-type]


def test_missing_readings_leave_a_row_with_at_least_one() -> None:
    """Asynchronous rows lack about the share asked for, never everything."""
    spec = make_fleet(1, 1, channels=4, missing=0.6)[0]
    seen = ~np.isnan(stream(spec, np.random.default_rng(0), count=1000).values)
    assert 0.4 < seen.mean() < 0.6
    assert seen.any(1).all()


@pytest.mark.parametrize("kind", FAULT_KINDS)
@pytest.mark.parametrize("index", [0, 2, 6, 12])
def test_a_fault_shows_only_where_its_label_says(kind: FaultKind, index: int) -> None:
    """Outside of the label the stream is as it was; inside it is not."""
    healthy = _healthy(index)
    before = healthy.values.copy()
    faulty, fault = inject(healthy, kind, np.random.default_rng(1), 100, 40)
    assert fault.kind == kind
    assert fault.start == healthy.times[100]
    np.testing.assert_array_equal(healthy.values, before)
    for one, other in ((healthy, faulty), (faulty, healthy)):
        outside = (one.times < fault.start) | (one.times > fault.end)
        found = np.searchsorted(other.times, one.times[outside])
        np.testing.assert_array_equal(other.times[found], one.times[outside])
        np.testing.assert_array_equal(other.values[found], one.values[outside])
    changed = len(faulty) != len(healthy) or (faulty.values != healthy.values).any()
    assert changed
    assert (np.diff(faulty.times) > 0).all()
    assert np.isfinite(faulty.values).all()


def test_faults_are_what_they_are_called() -> None:
    """A stuck sensor repeats itself, silence is one long gap, and rates change by about four."""
    healthy, rng = _healthy(3), np.random.default_rng(2)
    stuck, _ = inject(healthy, "stuck", rng, 100, 40)
    assert (stuck.values[100:140] == stuck.values[100]).all()
    silent, fault = inject(healthy, "silence", rng, 100, 40)
    assert np.diff(silent.times).max() >= fault.end - fault.start
    fast, _ = inject(healthy, "rate_up", rng, 100, 40)
    slow, _ = inject(healthy, "rate_down", rng, 100, 40)
    assert len(fast) == len(healthy) + 3 * 40
    assert len(slow) == len(healthy) - 30


def test_decoupling_moves_one_channel() -> None:
    """One channel falls out of step; the other stays as it was; a single channel cannot."""
    healthy = _healthy(0)
    faulty, _ = inject(healthy, "decoupling", np.random.default_rng(3), 100, 40)
    assert (faulty.values != healthy.values).any(0).sum() == 1
    alone = stream(make_fleet(0, 1)[0], np.random.default_rng(0), count=300)
    with pytest.raises(ValueError, match="at least two channels"):
        inject(alone, "decoupling", np.random.default_rng(0), 100, 40)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_faults_in_sparse_streams_stay_sparse(kind: FaultKind) -> None:
    """Where a channel was not observed, no fault makes it up."""
    spec = make_fleet(1, 1, channels=3, missing=0.5)[0]
    healthy = stream(spec, np.random.default_rng(0), count=300)
    faulty, _ = inject(healthy, kind, np.random.default_rng(1), 100, 40)
    if len(faulty) == len(healthy):
        np.testing.assert_array_equal(np.isnan(faulty.values), np.isnan(healthy.values))


def test_a_fault_that_does_not_fit_is_refused() -> None:
    """Rows outside of the stream and unknown kinds are named."""
    rng = np.random.default_rng(0)
    for start, length in ((0, 5), (290, 20), (10, 0)):
        with pytest.raises(ValueError, match="does not fit a stream of 300 rows"):
            inject(_healthy(), "stuck", rng, start, length)
    with pytest.raises(ValueError, match="unknown fault 'melted'"):
        inject(_healthy(), "melted", rng, 10, 5)  # type: ignore[arg-type]
