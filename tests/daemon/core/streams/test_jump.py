"""The jump stream."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.jump import JumpStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def test_a_jump_is_measured_in_usual_steps_of_its_gap() -> None:
    """A step of ten usual ones says ten; over a hundred gaps it says a tenth... of a random walk's width."""
    values = np.cumsum(np.random.default_rng(0).normal(size=4000))
    commission = commissioned(recording(values))
    said = []
    for gap in (1.0, 16.0):
        stream = JumpStream(commission, 1)
        first, *_ = rounds_of_one(commission, values[:1])
        assert np.isnan(stream.update(first)).all()
        said.append(stream.update(round_of(commission, [0], values[:1, None] + 10, [gap]))[0, 0])
    assert said[0] == pytest.approx(10, rel=0.1)
    assert said[1] == pytest.approx(2.5, rel=0.1)


def test_the_gap_is_that_of_the_channel() -> None:
    """A channel that reports now and then has its own age, whatever other channels did meanwhile."""
    values = np.cumsum(np.random.default_rng(1).normal(size=(4000, 2)), axis=0)
    commission = commissioned(recording(values))
    stream = JumpStream(commission, 1)
    stream.update(round_of(commission, [0], values[:1], [np.nan]))
    for i in range(1, 16):
        stream.update(round_of(commission, [0], np.array([[values[i, 0], np.nan]]), [1.0]))
    said = stream.update(round_of(commission, [0], np.array([[np.nan, values[0, 1] + 10]]), [1.0]))
    assert said[0, 0] == pytest.approx(2.5, rel=0.1)
