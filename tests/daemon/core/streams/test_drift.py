"""The stream of what creeps."""

from __future__ import annotations

import numpy as np

from offbeat.core.streams.drift import MOST_SUM, DriftStream
from tests.support.commissioned import commissioned, recording, rounds_of_one


def play(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return what the stream says of values, commissioned on standard normal ones."""
    commission = commissioned(recording(np.random.default_rng(seed).normal(size=3000)))
    stream = DriftStream(commission, 1)
    return np.array([stream.update(rows)[0, 0] for rows in rounds_of_one(commission, values)])


def test_a_lean_too_small_for_any_row_adds_up() -> None:
    """1.2 deviations are ordinary on one row and very strange on a hundred; either side."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=600)
    ordinary = play(noise).max()
    assert play(noise[:100] + 1.2)[-1] > 3 * ordinary
    assert play(noise[:100] - 1.2)[-1] > 3 * ordinary


def test_one_outlier_is_no_drift() -> None:
    """However large, it counts as six deviations and is forgotten in a dozen rows."""
    said = play(np.r_[np.zeros(5), 1e9, np.zeros(30)])
    assert said.max() < 6.1
    assert said[-1] == 0


def test_what_summed_up_goes_away_again() -> None:
    """The sum is bounded, so that it is back at nothing some hundred rows after the drift."""
    said = play(np.r_[np.full(500, 5.0), np.zeros(500)])
    assert said.max() == MOST_SUM
    assert said[-1] == 0
