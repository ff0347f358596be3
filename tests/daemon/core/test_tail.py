"""The generalised Pareto tail, against scipy as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from offbeat.core import tail


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.3])
def test_moments_recover_the_law_that_made_the_sample(shape: float) -> None:
    """With many excesses the closed form is close to the truth."""
    excess = stats.genpareto(shape, scale=2.0).rvs(40_000, random_state=np.random.default_rng(1))
    found, scale = tail.moments(np.sort(excess)[None], np.array([len(excess)]))
    assert found[0] == pytest.approx(shape, abs=0.03)
    assert scale[0] == pytest.approx(2.0, rel=0.05)


@given(shape=st.floats(1e-3, 0.5), scale=st.floats(1e-3, 1e3), depth=st.floats(0, 1e4))
def test_surprise_is_the_survival_function_of_scipy(shape: float, scale: float, depth: float) -> None:
    """-log10 of the chance of an excess agrees with scipy's generalised Pareto law."""
    expected = -stats.genpareto(shape, scale=scale).logsf(depth) / np.log(10)
    assert tail.surprise(np.array(depth), np.array(shape), np.array(scale)) == pytest.approx(
        expected, rel=1e-6, abs=1e-9
    )


@given(st.lists(st.lists(st.floats(0, 1e6), max_size=20), min_size=1, max_size=6))
def test_a_row_is_fitted_the_same_alone_and_among_others(rows: list[list[float]]) -> None:
    """Padding and neighbours have no influence, and the shape stays within its prior's bounds."""
    count = np.array([len(row) for row in rows])
    padded = np.full((len(rows), max(int(count.max()), 1)), 1e9)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = np.sort(row)
    shapes, scales = tail.fit(padded, count)
    assert ((shapes >= tail.RAW.least) & (shapes <= tail.RAW.most)).all()
    for i, row in enumerate(rows):
        alone = tail.fit(np.sort(np.array([row], float)), count[i : i + 1])
        assert alone[0][0] == pytest.approx(shapes[i], rel=1e-9)
        assert alone[1][0] == pytest.approx(scales[i], rel=1e-9)


def test_no_excess_has_no_scale_and_equal_excesses_survive() -> None:
    """Empty and degenerate rows give numbers, not errors."""
    shape, scale = tail.fit(np.array([[0.0, 0.0], [3.0, 3.0]]), np.array([0, 2]), tail.SURPRISE)
    assert scale[0] == 0
    assert scale[1] == pytest.approx(3.0)
    assert shape.tolist() == [0.0, 0.0]
