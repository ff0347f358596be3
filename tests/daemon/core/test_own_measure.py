"""Streams on strangers, brought to the strangers' own measure."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.own_measure import LOUDEST, MOST, OwnMeasure
from offbeat.core.streams.registry import STREAM_NAMES, STREAM_TRACKS

LEVEL, STUCK = STREAM_NAMES.index("level"), STREAM_TRACKS.index("stuck")


SLOT = np.array([0])


def measured(own: OwnMeasure, said: np.ndarray, learn: bool = True) -> np.ndarray:
    """Return what is made of a stream's surprises, one a row; all other streams have no opinion."""
    out = []
    for one in said:
        surprise = np.full((1, len(STREAM_NAMES)), np.nan, np.float32)
        surprise[0, [LEVEL, STUCK]] = one
        out.append(own.measured(SLOT, surprise)[0])
        if learn:
            own.learn(SLOT, surprise)
    return np.array(out)


def surprises(rows: int, usual: float) -> np.ndarray:
    """Return surprises of which one in ten is `usual` or more."""
    return np.random.default_rng(0).exponential(usual * np.log10(np.e), rows)


@pytest.mark.parametrize("usual", [0.4, 1.0, 2.0])
def test_a_stream_that_is_loud_or_calm_on_a_sensor_comes_to_be_right_on_it(usual: float) -> None:
    """One row in ten is as surprising as a chance of one in ten, however the fleet is."""
    said = measured(OwnMeasure(1), surprises(4000, usual))[1000:, LEVEL]
    assert np.mean(said >= 1.0) == pytest.approx(0.1, abs=0.04)


def test_the_first_rows_are_judged_by_the_fleet() -> None:
    """Nothing is known of the sensor yet."""
    assert measured(OwnMeasure(1), np.array([1.5]))[0, LEVEL] == pytest.approx(1.5)


def test_no_stream_is_made_louder_or_calmer_without_bounds() -> None:
    """One that said nothing for long is not believed whatever it says first."""
    own = OwnMeasure(1)
    measured(own, np.zeros(2000))
    assert measured(own, np.array([2.0]))[0, LEVEL] == pytest.approx(2.0 * MOST)


def test_a_fault_counts_no_more_than_a_loud_row() -> None:
    """Else the next one would not be heard."""
    one, other = OwnMeasure(1), OwnMeasure(1)
    for own, fault in ((one, 20.0), (other, float(LOUDEST))):
        measured(own, np.append(surprises(300, 1.0), fault))
    assert measured(one, np.array([5.0])) == pytest.approx(measured(other, np.array([5.0])), nan_ok=True)


def test_to_measure_a_row_is_not_to_learn_it() -> None:
    """One of a fault, or of a frozen sensor, is judged all the same."""
    own = OwnMeasure(1)
    measured(own, surprises(300, 0.3))
    before = own.arrays()["mean"].copy()
    assert measured(own, np.array([2.0]), learn=False)[0, LEVEL] > 2.0
    assert (own.arrays()["mean"] == before).all()


def test_how_long_a_value_stands_still_is_left_as_it_is() -> None:
    """It is judged by the sensor's own runs already."""
    said = surprises(500, 0.3)
    assert measured(OwnMeasure(1), said)[:, STUCK] == pytest.approx(said, rel=1e-6)
