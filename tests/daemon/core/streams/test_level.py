"""The level streams."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.level import LevelStream, mean_of_largest
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


def test_level_wide_is_what_all_channels_say_together() -> None:
    """Four channels a little off count for more than one that is far off: values are tamed before the mean."""
    rng = np.random.default_rng(3)
    commission = commissioned(recording(rng.normal(size=(2000, 4))))

    def after(shift: list[float]) -> float:
        stream = LevelStream(commission, 1)
        values = rng.normal(size=(100, 4)) + np.array(shift)
        return float([stream.update(rows) for rows in rounds_of_one(commission, values)][-1][0, 2])

    assert after([0, 0, 0, 0]) < 0.5
    assert after([3, 3, 3, 3]) > after([1e4, 0, 0, 0]) / 1.5
    assert after([1e9, 0, 0, 0]) < 8


def test_the_mean_of_the_largest_leaves_out_what_the_mask_hides() -> None:
    """Three of those that are there, fewer where fewer are, NaN where none is."""
    values = np.array([[1, 2, 3, 4, 9], [1, 2, 3, 4, 9], [5, 1, 1, 1, 1], [1, 1, 1, 1, 1]], np.float32)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
    assert mean_of_largest(values, mask)[:3].tolist() == pytest.approx([16 / 3, 3.0, 3.0])
    assert np.isnan(mean_of_largest(values, mask)[3])
