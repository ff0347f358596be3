"""What is known of a sensor now."""

from __future__ import annotations

import numpy as np

from offbeat.core.sensor_states import KINDS
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import live, plant


def test_the_newest_row_and_the_open_episodes_are_shown() -> None:
    """Value, time, score, what is open, and the usual gap."""
    pipeline = plant()
    times, values = live(1, 100)
    values[-2:] += 40
    out = play(pipeline, Readings().add(1, times, values).batches(), FakeScorer())
    states = pipeline.sensor_states(0, np.array([1, 0]))
    assert states.time_seconds.tolist() == [times[-1], -np.inf]
    assert states.value[0, 0] == values[-1]
    assert np.isnan(states.value[1, 0])
    assert states.score[0] == out.of(1)[-1]
    assert np.isnan(states.score[1])
    assert states.p_value[0] == out.of(1, "p_value")[-1]
    assert states.open_kinds(0) == ("value",)
    assert states.open_kinds(1) == ()
    assert 4 < states.usual_gap_seconds[0] < 7
    assert set(KINDS) == {"value", "rhythm", "stuck", "silent", "rule"}
