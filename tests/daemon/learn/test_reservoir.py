"""What is kept of a log that is too long to learn from all of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from offbeat.learn.reservoir import LEAST_ROWS, Kept, Reservoir


def pour(reservoir: Reservoir, sensor: str, begin: int, end: int, at_once: int = 50) -> None:
    """Add rows of a sensor, one a second; each holds its own number."""
    for start in range(begin, end, at_once):
        times = np.arange(start, min(start + at_once, end), dtype=np.float64)
        reservoir.add(sensor, times, times[:, None].astype(np.float32))


def jumps(kept: Kept) -> NDArray[np.float64]:
    """Times of the rows that do not follow on the row before."""
    return kept.times_seconds[1:][np.diff(kept.times_seconds) > 1.0]


def test_while_there_is_room_all_is_kept() -> None:
    """In order, without a cut."""
    reservoir = Reservoir(1000)
    pour(reservoir, "a", 0, 700)
    pour(reservoir, "b", 0, 300)
    kept = reservoir.kept()
    assert kept["a"].times_seconds.tolist() == list(range(700))
    assert kept["a"].values[:, 0].tolist() == list(range(700))
    assert not len(kept["a"].cuts_seconds)
    assert len(kept["b"].times_seconds) == 300


def test_of_a_long_log_the_newest_and_stretches_before_are_kept() -> None:
    """Half of it in one piece up to the end, the rest spread over the time before; cuts where rows are missing."""
    reservoir = Reservoir(20_000)
    pour(reservoir, "a", 0, 200_000)
    kept = reservoir.kept()["a"]
    assert 17_000 <= len(kept.times_seconds) <= 20_000
    assert reservoir.rows == len(kept.times_seconds)
    newest = kept.times_seconds[kept.times_seconds >= jumps(kept)[-1]]
    assert newest[-1] == 199_999
    assert len(newest) > 8000
    assert kept.cuts_seconds.tolist() == jumps(kept).tolist()
    quarters = np.bincount((kept.times_seconds // 50_000).astype(int), minlength=4)
    assert quarters.min() > 500


def test_a_sensor_that_brings_little_keeps_all_of_it() -> None:
    """The others share the rest evenly."""
    reservoir = Reservoir(10_000)
    for begin in range(0, 50_000, 1000):
        pour(reservoir, "quick", begin, begin + 1000)
        pour(reservoir, "quick as well", begin, begin + 1000)
        pour(reservoir, "slow", begin // 100, begin // 100 + 10)
    kept = {sensor: len(one.times_seconds) for sensor, one in reservoir.kept().items()}
    assert kept["slow"] == 500
    assert abs(kept["quick"] - kept["quick as well"]) < 1500
    assert kept["quick"] > 3500


def test_what_is_left_out_on_purpose_is_a_cut() -> None:
    """Between the rows before and those after."""
    reservoir = Reservoir(10_000)
    pour(reservoir, "a", 0, 300)
    reservoir.interrupt("a")
    pour(reservoir, "a", 900, 1200)
    reservoir.interrupt("never heard")
    kept = reservoir.kept()["a"]
    assert kept.cuts_seconds.tolist() == [900.0]
    assert len(kept.times_seconds) == 600


def test_of_more_sensors_than_have_room_some_are_left_out() -> None:
    """Whole: a few rows of each would teach nothing."""
    reservoir = Reservoir(10 * LEAST_ROWS)
    for number in range(30):
        pour(reservoir, f"s{number}", 0, LEAST_ROWS)
    kept = reservoir.kept()
    assert 9 <= len(kept) <= 10
    assert len(kept) + len(reservoir.left_out) == 30
    assert reservoir.rows == sum(len(one.times_seconds) for one in kept.values())
