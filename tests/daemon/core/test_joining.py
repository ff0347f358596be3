"""Joining a batch into rows: order of values, instants, repeats."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.joining import join, ordered_bits
from offbeat.core.readings import ReadingBatch

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(finite, finite)
def test_ordered_bits_order_as_floats_do(a: float, b: float) -> None:
    """And equal floats of different bits, the two zeros, are told apart."""
    low, high = (int(i) for i in ordered_bits(np.array([a, b], np.float32)))
    if a < b:
        assert low < high
    if low == high:
        assert np.float32(a).tobytes() == np.float32(b).tobytes()
    minus, plus = ordered_bits(np.array([-0.0, 0.0], np.float32))
    assert minus < plus


def test_channels_of_one_instant_become_one_row() -> None:
    """Rows come sorted by sensor and time with the first of each sensor marked."""
    joined = join(
        ReadingBatch(
            0,
            np.array([1, 0, 1, 1], np.int32),
            np.array([1, 0, 0, 0], np.int16),
            np.array([2.0, 9.0, 2.0, 1.0]),
            np.array([4.0, 3.0, 2.0, 1.0], np.float32),
            np.zeros(4),
            1,
        ),
        channels=2,
    )
    assert joined.sensor.tolist() == [0, 1, 1]
    assert joined.time_seconds.tolist() == [9.0, 1.0, 2.0]
    assert joined.first.tolist() == [True, True, False]
    np.testing.assert_array_equal(joined.values, [[3.0, 0.0], [1.0, 0.0], [2.0, 4.0]])
    np.testing.assert_array_equal(joined.mask, [[True, False], [True, False], [True, True]])
