"""Channels that never varied."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.novelty import NoveltyStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def still(constant: int) -> np.ndarray:
    """Return rows of one channel that varies and some that do not."""
    return np.column_stack([np.random.default_rng(0).normal(size=300), np.full((300, constant), 5.0)])


def test_it_counts_channels_that_moved_for_the_first_time() -> None:
    """However far they moved."""
    commission = commissioned(recording(still(3)))
    stream = NoveltyStream(commission, 1)
    assert stream.update(round_of(commission, [0], np.array([[9.0, 5, 5, 5]]), [np.nan]))[0, 0] == 0
    assert stream.update(round_of(commission, [0], np.array([[0.0, 5, 5.01, 700]]), [1.0]))[0, 0] == 2


def test_what_is_new_fades_and_becomes_usual() -> None:
    """After days of the new value it is no news."""
    commission = commissioned(recording(still(1), gap_seconds=600.0))
    stream = NoveltyStream(commission, 1)
    values = np.full((3000, 2), 5.0)
    values[100:, 1] = 6.0
    said = np.array([stream.update(rows)[0, 0] for rows in rounds_of_one(commission, values)])
    assert said[99] == 0
    assert said[100] == pytest.approx(1.0)
    assert 0.4 < said[300] < 0.6
    assert said[-1] < 0.01


def test_it_has_no_opinion_where_every_channel_varies_or_is_missing() -> None:
    """Nothing is new to a sensor that always did everything."""
    rng = np.random.default_rng(1)
    commission = commissioned(recording(rng.normal(size=(300, 2))), recording(still(1), "b"))
    rows = round_of(commission, [0, 1], np.array([[1.0, 2.0], [1.0, np.nan]]), [np.nan, np.nan])
    assert np.isnan(NoveltyStream(commission, 2).update(rows)).all()
