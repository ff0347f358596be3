"""The level streams."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.level import LevelStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def test_level_is_the_largest_distance_in_scales() -> None:
    """Over the observed channels, in either direction."""
    rng = np.random.default_rng(0)
    commission = commissioned(recording(rng.normal([10, 0], [2, 1], size=(2000, 2))))
    said = LevelStream(commission, 1).update(round_of(commission, [0], np.array([[4.0, 1.0]]), [np.nan]))
    assert said[0, 0] == pytest.approx(3.0, rel=0.1)
    said = LevelStream(commission, 1).update(round_of(commission, [0], np.array([[np.nan, 1.0]]), [np.nan]))
    assert said[0, 0] == pytest.approx(1.0, rel=0.1)


def test_level_mean_rises_with_a_lasting_shift_and_not_with_noise() -> None:
    """Signed values cancel; a shift does not."""
    rng = np.random.default_rng(1)
    commission = commissioned(recording(rng.normal(size=2000)))
    stream = LevelStream(commission, 1)
    noise = [stream.update(rows)[0, 1] for rows in rounds_of_one(commission, rng.normal(size=300))]
    shift = [stream.update(rows)[0, 1] for rows in rounds_of_one(commission, rng.normal(2, 1, size=200))]
    assert max(noise[64:]) < 0.7
    assert shift[-1] == pytest.approx(2.0, abs=0.5)


def test_a_channel_that_never_moved_says_three_when_it_does() -> None:
    """Its scale means nothing, so any move counts the same."""
    values = np.column_stack([np.random.default_rng(2).normal(size=300), np.full(300, 5.0)])
    commission = commissioned(recording(values))
    stream = LevelStream(commission, 1)
    assert stream.update(round_of(commission, [0], np.array([[np.nan, 5.0]]), [np.nan]))[0, 0] == 0
    assert stream.update(round_of(commission, [0], np.array([[np.nan, 5.001]]), [1.0]))[0, 0] == 3
    assert stream.update(round_of(commission, [0], np.array([[np.nan, 900.0]]), [1.0]))[0, 0] == 3
