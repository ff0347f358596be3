"""What of our outputs is given to the benchmark's scorer."""

from __future__ import annotations

import numpy as np

from offbeat.core.episode_rules import EpisodeRules
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.series import Series
from tests.benchmarks.detection.alarm_replay import openings
from tests.benchmarks.detection.nab import records, seldom


def judged(surprise: list[float], gap_seconds: float = 60.0) -> JudgedSeries:
    """Return a recording whose rows were judged so."""
    count = len(surprise)
    series = Series("s", ("value",), gap_seconds * np.arange(count), np.zeros((count, 1), np.float32))
    nothing = np.zeros((count, 0), np.float32)
    return JudgedSeries(series, (), np.zeros(count, np.float32), 10.0 ** -np.array(surprise), nothing)


def test_an_episode_opens_once_until_it_has_closed() -> None:
    """At each threshold on its own; five calm rows close it."""
    calm = [0.0] * 6
    rows = judged([0.0, 3.0, 3.0, 5.0, *calm, 3.0])
    ((low, high),) = openings([rows], (2.0, 4.0))
    assert low.tolist() == [1, 10]
    assert high.tolist() == [3]


def test_sensors_do_not_touch_each_other() -> None:
    """Whatever their lengths."""
    one, other = judged([0.0, 3.0]), judged([3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0])
    assert [each[0].tolist() for each in openings([one, other], (2.0,))] == [[1], [0, 7]]


def test_rows_that_move_time_not_on_are_left_out() -> None:
    """As the core leaves them out."""
    rows = judged([0.0, 0.0, 3.0])
    rows.series.times_seconds[:] = [0.0, 60.0, 60.0]
    assert openings([rows], (2.0,), EpisodeRules())[0][0].tolist() == []


def test_a_record_is_stranger_than_all_of_the_time_before() -> None:
    """Within that time: what is longer ago is forgotten, and as strange is not stranger."""
    times = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert records(times, np.array([1.0, 3.0, 2.0, 3.0, 2.0, 2.5]), 2.0).tolist() == [1, 3, 0, 0, 0, 0]
    assert records(times, np.array([1.0, 3.0, 2.0, 1.0, 2.0, 2.5]), 2.0).tolist() == [1, 3, 0, 0, 0, 2.5]


def test_alerts_may_be_told_seldom() -> None:
    """What comes too soon after the last one told is left out, and does not put the next one off."""
    times = np.arange(10.0)
    rows = np.array([1, 3, 4, 5, 9])
    assert seldom(times, rows, 3.0).tolist() == [1, 4, 9]
    assert seldom(times, rows, 0.0).tolist() == rows.tolist()
