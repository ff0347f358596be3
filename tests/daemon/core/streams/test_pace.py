"""The pace stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core.commission import Commission
from offbeat.core.recording import Recording
from offbeat.core.streams.pace import GAPS, MOST_LOG, OFF_PACE, PaceStream
from tests.support.commissioned import commissioned, round_of

GAP_SECONDS = 60.0


def steady() -> Commission:
    """Return what was learnt of a sensor whose gaps scatter around a minute."""
    random = np.random.default_rng(0)
    times = np.cumsum(GAP_SECONDS * np.exp(0.1 * random.normal(size=2000)))
    return commissioned(Recording("a", times, random.normal(size=(2000, 1)).astype(np.float32)))


def said(stream: PaceStream, commission: Commission, gaps: list[float]) -> np.ndarray:
    """Return what the stream says to rows that come after these gaps, in usual ones."""
    rows = [round_of(commission, [0], np.zeros((1, 1)), [gap]) for gap in gaps]
    return np.array([stream.update(row)[0, 0] for row in rows])


def test_eight_usual_gaps_say_nothing_and_eight_longer_ones_how_much_longer() -> None:
    """It is the distance of the mean logs: three times as long and a third as long are as strange."""
    commission = steady()
    stream = PaceStream(commission, 1)
    calm = said(stream, commission, [np.nan, *[1.0] * 20])
    assert np.isnan(calm[:GAPS]).all()
    assert calm[GAPS:] == pytest.approx(0.0, abs=0.02)
    assert said(stream, commission, [3.0] * GAPS)[-1] == pytest.approx(np.log(3.0), abs=0.02)
    assert said(stream, commission, [1 / 3] * GAPS)[-1] == pytest.approx(np.log(3.0), abs=0.02)


def test_one_lost_reading_is_an_eighth_of_two_long_gaps() -> None:
    """A gap counts by its logarithm, and for as long as it is among the newest eight."""
    commission = steady()
    stream = PaceStream(commission, 1)
    said(stream, commission, [1.0] * 10)
    after = said(stream, commission, [2.0, *[1.0] * GAPS])
    assert after[:GAPS] == pytest.approx(np.log(2.0) / GAPS, abs=0.02)
    assert after[GAPS] == pytest.approx(0.0, abs=0.02)


def test_one_pause_is_no_other_rhythm_however_long() -> None:
    """A sensor that was away for weeks comes back at its own pace."""
    commission = steady()
    stream = PaceStream(commission, 1)
    said(stream, commission, [1.0] * 10)
    assert said(stream, commission, [30_000.0, *[1.0] * GAPS]).max() < OFF_PACE


def test_instants_that_repeat_are_no_gaps() -> None:
    """Channels that come one after the other at the same instant do not make a sensor fast."""
    commission = steady()
    stream = PaceStream(commission, 1)
    said(stream, commission, [1.0] * 10)
    assert said(stream, commission, [0.0] * 20) == pytest.approx(0.0, abs=0.02)


LEARNT = steady()


@given(st.lists(st.floats(0.0625, 128.0, width=32), min_size=1, max_size=60))
def test_it_remembers_the_newest_eight_and_no_more(gaps: list[float]) -> None:
    """Whatever came before: the ring says what the mean of the last eight is."""
    commission = LEARNT
    stream = PaceStream(commission, 1)
    found = said(stream, commission, gaps)
    for row in range(len(gaps)):
        if row + 1 < GAPS:
            assert np.isnan(found[row])
        else:
            newest = np.clip(np.log(gaps[row + 1 - GAPS : row + 1]), -MOST_LOG, MOST_LOG)
            mean = np.mean(newest)
            assert found[row] == pytest.approx(abs(mean - commission.pace[1]), abs=1e-4)


def test_state_comes_back_from_a_snapshot_and_a_reset_forgets_one_sensor() -> None:
    """Arrays there and back, and it goes on as before."""
    commission = steady()
    one, two = PaceStream(commission, 1), PaceStream(commission, 3)
    said(one, commission, [1.0, 2.0, 0.5] * 5)
    two.restore({name: array.copy() for name, array in one.arrays().items()})
    assert np.array_equal(said(one, commission, [4.0, 1.0]), said(two, commission, [4.0, 1.0]))
    two.reset(np.array([0]))
    assert np.isnan(said(two, commission, [1.0])).all()
