"""What is left of a thinned recording are original rows, at the pace of a real record."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.replay.series import Series
from tests.benchmarks.detection.thinning import LONGEST_GAP, gap_records, kept_rows, thinned

BURSTS = np.tile([0.2, 0.2, 0.2, 0.2, 4.2], 40)


def series(rows: int = 1000) -> Series:
    """Return a regular series whose values number its rows."""
    return Series("s", ("value",), 60.0 * np.arange(rows), np.arange(rows, dtype=np.float32)[:, None])


def seeded(seed: int = 0) -> np.random.Generator:
    """Return a source of randomness."""
    return np.random.default_rng(seed)


@pytest.mark.parametrize("share", [0.7, 0.5, 0.3, 0.15])
def test_about_the_share_is_left(share: float) -> None:
    """Whatever the record, within what bursts that fall on one row allow."""
    for record in (np.ones(50), BURSTS, seeded().exponential(1.0, 300)):
        assert len(kept_rows(1000, share, record)) == pytest.approx(1000 * share, rel=0.15)


def test_rows_are_original_and_in_order() -> None:
    """Each row left has the time and the value that it had; what lies before the test time is whole."""
    left = thinned(series(), 12_000.0, 0.3, [BURSTS], seeded())
    number = left.values[:, 0].astype(int)
    assert (np.diff(number) > 0).all()
    assert (left.times_seconds == 60.0 * number).all()
    assert (number[:200] == np.arange(200)).all()


def test_rows_that_step_back_stay_where_they_are() -> None:
    """The order is the recorded one, not that of time."""
    whole = series(400)
    whole.times_seconds[[200, 201]] = whole.times_seconds[[201, 200]]
    left = thinned(whole, 0.0, 0.9, [np.ones(50)], seeded())
    assert (np.diff(left.values[:, 0]) > 0).all()


def test_bursts_and_holes_of_the_record_show() -> None:
    """Of a record in bursts some rows side by side are left and holes between them; of an even one neither."""
    assert set(np.diff(kept_rows(2000, 0.5, np.ones(50)))) == {2}
    strides = np.diff(kept_rows(2000, 0.5, BURSTS))
    assert np.mean(strides == 1) > 0.25
    assert np.mean(strides >= 3) > 0.1


def test_the_same_seed_leaves_the_same_rows() -> None:
    """And another one others."""
    records = [BURSTS, seeded().exponential(1.0, 300)]
    first, again, other = (thinned(series(), 0.0, 0.3, records, seeded(seed)) for seed in (5, 5, 6))
    assert (first.times_seconds == again.times_seconds).all()
    assert len(first) != len(other) or (first.times_seconds != other.times_seconds).any()


def test_records_are_in_usual_gaps_without_pauses() -> None:
    """A pause of days would take every row of a short series."""
    times = np.cumsum([0.0, 5.0, 5.0, 10.0, 5.0, 5.0 * LONGEST_GAP + 1.0, 5.0])
    (record,) = gap_records([Series("s", ("value",), times, np.zeros((7, 1), np.float32))])
    assert record.tolist() == [1.0, 1.0, 2.0, 1.0, 1.0]
