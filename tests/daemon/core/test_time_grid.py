"""Readings on a grid of ticks: a ring that is written as they come, and the same from a whole recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.time_grid import MOST_LAGS, TimeGrid, glances, lags_of

ONE = np.array([0])


def put(grid: TimeGrid, ticks: float, *values: float) -> np.ndarray:
    """Give one sensor a row, NaN = not observed, and return its cells [lags, C]."""
    value = np.array([values], np.float32)
    glance = grid.update(ONE, np.array([ticks], np.float32), value, np.isfinite(value))
    return glance.cells.reshape(-1, len(values))


@pytest.mark.parametrize(("channels", "lags"), [(1, 32), (12, 32), (38, 10), (200, 4)])
def test_many_channels_are_seen_over_fewer_ticks(channels: int, lags: int) -> None:
    """What a basis costs grows with the cells, so they are bounded."""
    assert lags_of(channels) == lags


def test_even_readings_stand_a_tick_apart_newest_first() -> None:
    """Jitter does not move them."""
    grid = TimeGrid(1, 1)
    put(grid, np.nan, 0)
    for i in range(1, 40):
        cells = put(grid, 1.0 + 0.3 * (-1) ** i, i)
    assert cells[:, 0].tolist() == [39 - i for i in range(MOST_LAGS)]


def test_what_a_gap_leaves_empty_is_interpolated() -> None:
    """Four ticks later, three lie between."""
    grid = TimeGrid(1, 1)
    put(grid, np.nan, 0)
    assert put(grid, 4, 8)[:5, 0].tolist() == [8, 6, 4, 2, 0]


def test_several_readings_on_one_tick_leave_the_last() -> None:
    """A burst moves nothing."""
    grid = TimeGrid(1, 1)
    put(grid, np.nan, 1)
    put(grid, 1, 2)
    put(grid, 0.1, 3)
    assert put(grid, 0.2, 4)[:3, 0].tolist() == [4, 1, 1]


def test_a_channel_that_is_not_observed_holds_until_it_is() -> None:
    """Only then is it known what lay between; its age says how old the last value is."""
    grid = TimeGrid(1, 2)
    put(grid, np.nan, 0, 10)
    put(grid, 1, 1, np.nan)
    assert put(grid, 1, 2, np.nan)[:3].tolist() == [[2, 10], [1, 10], [0, 10]]
    value = np.array([[np.nan, np.nan]], np.float32)
    assert grid.update(ONE, np.array([1], np.float32), value, np.isfinite(value)).age.tolist() == [[1, 3]]
    assert put(grid, 1, np.nan, 18)[:5].tolist() == [[2, 18], [2, 16], [2, 14], [1, 12], [0, 10]]


def test_the_grid_is_full_after_as_many_ticks_and_again_after_a_long_silence() -> None:
    """Nothing of what was before a silence as long as the grid is still on it."""
    grid, full = TimeGrid(1, 1), []
    for ticks in [np.nan, *[1.0] * 40, 100.0, *[1.0] * 40]:
        seen = grid.update(
            ONE, np.array([ticks], np.float32), np.ones((1, 1), np.float32), np.ones((1, 1), bool)
        )
        full.append(bool(seen.full[0]))
    assert full == [False] * 31 + [True] * 10 + [False] * 31 + [True] * 10


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), channels=st.sampled_from([1, 3, 20]))
def test_a_recording_read_at_once_gives_what_the_ring_gave(seed: int, channels: int) -> None:
    """The basis is learnt from the very windows that it will judge, whatever the gaps."""
    rng = np.random.default_rng(seed)
    n = 120
    value = rng.normal(size=(n, channels)).astype(np.float32)
    ticks = rng.choice([0.0, 0.25, 1.0, 1.5, 3.0, 50.0], n, p=[0.1, 0.2, 0.4, 0.2, 0.09, 0.01])
    ticks[0] = np.nan
    grid = TimeGrid(1, channels)
    here = np.ones((1, channels), bool)
    ring = [grid.update(ONE, ticks[i : i + 1].astype(np.float32), value[i : i + 1], here) for i in range(n)]
    rows = np.arange(n)
    full = np.array([bool(g.full[0]) for g in ring])
    whole = glances(value, ticks.astype(np.float32), rows)
    assert whole.full.tolist() == full.tolist()
    assert np.allclose(whole.cells[full], np.concatenate([g.cells for g in ring])[full], atol=1e-5)
