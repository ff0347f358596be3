"""The stream of the long view holds an answer for its time and no longer."""

from __future__ import annotations

import numpy as np

from offbeat.core.streams.long import LongStream

BOTH = np.array([0, 1])


def test_an_answer_is_said_until_its_time_is_over() -> None:
    """Each sensor its own; who was never answered has no opinion."""
    stream = LongStream(3)
    stream.hold(np.array([1]), np.array([2.5], np.float32), np.array([100.0]))
    np.testing.assert_array_equal(stream.said(BOTH, np.array([99.0, 99.0])), [np.nan, 2.5])
    np.testing.assert_array_equal(stream.said(BOTH, np.array([100.0, 100.0])), [np.nan, np.nan])


def test_no_answer_ends_the_one_before() -> None:
    """A model that says nothing leaves nothing to be said."""
    stream = LongStream(3)
    stream.hold(np.array([1]), np.array([2.5], np.float32), np.array([100.0]))
    stream.hold(np.array([1]), np.array([np.nan], np.float32), np.array([200.0]))
    assert np.isnan(stream.said(BOTH, np.array([50.0, 50.0]))).all()


def test_state_goes_round_and_is_forgotten_when_asked() -> None:
    """Another stream goes on from the arrays; a reset sensor has no opinion."""
    stream, again = LongStream(3), LongStream(3)
    stream.hold(BOTH, np.array([1.0, 2.0], np.float32), np.array([100.0, 100.0]))
    again.restore(stream.arrays())
    again.reset(np.array([0]))
    np.testing.assert_array_equal(again.said(BOTH, np.zeros(2)), [np.nan, 2.0])
