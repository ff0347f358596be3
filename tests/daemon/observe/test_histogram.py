"""The light histogram."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from offbeat.observe.histogram import LONGEST_LABELS, Example, Histogram

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


def test_a_bucket_has_the_newest_example_that_was_given_for_it() -> None:
    """Whatever the other buckets have; one whose labels are longer than OpenMetrics allows is left out."""
    histogram = Histogram(BOUNDS)
    first, second = Example({"sensor": "a"}, 0.5, 1.0), Example({"sensor": "b"}, 1.0, 2.0)
    beyond = Example({"sensor": "c"}, 99.0, 3.0)
    for example in (first, second, beyond, Example({"sensor": "x" * LONGEST_LABELS}, 0.7, 4.0)):
        histogram.illustrate(example)
    assert histogram.examples() == [None, second, None, beyond]
