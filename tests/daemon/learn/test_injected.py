"""Faults put into what was recorded."""

from __future__ import annotations

import numpy as np

from offbeat.core.recording import Recording
from offbeat.learn.injected import with_faults


def recording(rows: int = 1000, channels: int = 1) -> Recording:
    """A sensor that swings, a reading a second, in its own units."""
    times = 1.7e9 + np.arange(rows, dtype=np.float64)
    values = 5000.0 + 100.0 * np.sin(times[:, None] / 7.0 + np.arange(channels))
    return Recording(
        "s", times, (values + np.random.default_rng(0).normal(0, 5, values.shape)).astype(np.float32)
    )


def test_faults_lie_in_the_newest_part_only() -> None:
    """What is before is bit for bit the same; each fault is a stretch of its own, in order of time."""
    whole = recording()
    since = whole.times_seconds[500]
    made, faults = with_faults(whole, since, seed=3)
    assert np.array_equal(made.values[:500], whole.values[:500])
    assert len(faults) == (1000 - 500 - 18) // 96
    starts = [fault.start_seconds for fault in faults]
    assert starts == sorted(starts)
    assert min(starts) > since
    assert len({fault.kind for fault in faults}) == len(faults)
    assert all(fault.end_seconds > fault.start_seconds for fault in faults)


def test_the_same_seed_puts_in_the_same_faults() -> None:
    """Both models are asked about the same rows."""
    one, other = (with_faults(recording(), 1.7e9 + 500, seed=3) for _ in range(2))
    assert np.array_equal(one[0].values, other[0].values, equal_nan=True)
    assert one[1] == other[1]


def test_where_none_fits_nothing_is_changed() -> None:
    """A stretch that is too short, or a sensor that never moves."""
    short = recording(30)
    assert with_faults(short, short.times_seconds[20], seed=0) == (short, [])
    still = Recording("s", short.times_seconds, np.ones((30, 1), np.float32))
    assert with_faults(still, still.times_seconds[1], seed=0) == (still, [])


def test_channels_that_were_not_observed_stay_so() -> None:
    """Rows of a sensor of several channels hold one of them each."""
    whole = recording(600, channels=2)
    values = whole.values.copy()
    values[::2, 0] = values[1::2, 1] = np.nan
    made, faults = with_faults(Recording("s", whole.times_seconds, values), whole.times_seconds[100], seed=1)
    assert faults
    assert np.isnan(made.values[:100:2, 0]).all()
    assert np.isfinite(made.values).sum() <= np.isfinite(values).sum()
