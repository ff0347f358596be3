"""Recordings as the model of the long view sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from offbeat.core import long_scale
from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.recording import Recording
from offbeat.learn.long_series import CUTS, FEWEST_BINS, long_series
from offbeat_models.series import SensorSeries, check_series

HOUR = 64 * 60.0


def learnt_from(*rows: int) -> list[SensorSeries]:
    """Return the series of sensors that report every ten seconds."""
    random = np.random.default_rng(0)
    recordings = [
        Recording(f"s{i}", 10.0 * np.arange(n), random.normal(5.0, 2.0, (n, 1)).astype(np.float32))
        for i, n in enumerate(rows)
    ]
    commission = fit_normaliser_and_ridge(("value",), recordings)
    commission = replace(commission, long_scale=long_scale.fit(commission, recordings, HOUR))
    return long_series(commission, recordings, HOUR)


def test_a_past_is_cut_into_bins_in_several_ways() -> None:
    """Each a series of its own of the same sensor, in units of a bin, of a size of about one."""
    series = learnt_from(3000)
    check_series(series, channels=1, rows=2)
    assert len(series) == CUTS
    for one in series:
        assert one.row == 1
        assert one.gap_unit_seconds == 1.0
        assert np.diff(one.times_seconds).tolist() == [1.0] * (len(one) - 1)
        assert 0.7 < np.std(one.x) < 1.4
    assert not np.array_equal(series[0].x, series[1].x)


def test_a_past_that_shows_nothing_twice_is_not_learnt_from() -> None:
    """Two horizons are the least."""
    assert {one.row for one in learnt_from(6 * FEWEST_BINS - 60, 6 * FEWEST_BINS + 60)} == {2}
