"""The baseline that follows."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.adaptive import AdaptiveStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def test_it_has_no_opinion_before_it_has_a_baseline() -> None:
    """Sixteen rows are the least to speak of a level."""
    rng = np.random.default_rng(0)
    commission = commissioned(recording(rng.normal(size=500)))
    stream = AdaptiveStream(commission, 1)
    said = [stream.update(rows)[0, 0] for rows in rounds_of_one(commission, rng.normal(size=30))]
    assert np.isnan(said[:16]).all()
    assert np.isfinite(said[16:]).all()


def test_a_step_is_seen_at_full_size_and_is_ordinary_some_days_later() -> None:
    """Where the sensor has been for days is where it belongs."""
    rng = np.random.default_rng(1)
    commission = commissioned(recording(rng.normal(size=2000), gap_seconds=600.0))
    stream = AdaptiveStream(commission, 1)
    before = [stream.update(rows)[0, 0] for rows in rounds_of_one(commission, rng.normal(size=1000))]
    after = [stream.update(rows)[0, 0] for rows in rounds_of_one(commission, rng.normal(10, 1, 2000))]
    assert np.nanmedian(before) < 1.0
    assert after[0] == pytest.approx(10.0, abs=3.5)
    assert np.median(after[-100:]) < 1.0


def test_a_channel_that_never_moved_has_no_say() -> None:
    """Its scale means nothing."""
    values = np.column_stack([np.random.default_rng(2).normal(size=300), np.full(300, 5.0)])
    commission = commissioned(recording(values))
    stream = AdaptiveStream(commission, 1)
    for rows in rounds_of_one(commission, values[:50]):
        stream.update(rows)
    said = stream.update(round_of(commission, [0], np.array([[np.nan, 900.0]]), [1.0]))
    assert np.isnan(said[0, 0])
