"""The light histogram."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offbeat.observe.histogram import Histogram

BOUNDS = (0.1, 1.0, 10.0)


def test_a_value_on_a_bound_belongs_to_its_bucket() -> None:
    """Prometheus' buckets are "less or equal"."""
    histogram = Histogram(BOUNDS)
    for value in (0.1, 0.5, 1.0, 11.0):
        histogram.observe(value)
    assert histogram.cumulative() == ([("0.1", 1), ("1.0", 3), ("10.0", 3), ("+Inf", 4)], 12.6)


@given(st.lists(st.floats(0, 100)))
def test_many_at_once_count_as_one_by_one(values: list[float]) -> None:
    """The vectorised way and the simple way agree."""
    one, many = Histogram(BOUNDS), Histogram(BOUNDS)
    for value in values:
        one.observe(value)
    many.observe_many(values)
    assert one.cumulative()[0] == many.cumulative()[0]
