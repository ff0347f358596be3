"""Rows are split and answers are laid back to them without losing one."""

from __future__ import annotations

import numpy as np

from offbeat.core.rows import Rows
from offbeat.core.work import Answer, split_by_rank
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.readings import Readings
from tests.support.plant import live, plant


def rows_of(*counts: int) -> Rows:
    """Return rows of sensors with so many rows each."""
    sensor = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    rank = np.concatenate([np.arange(n) for n in counts]).astype(np.int32)
    n = len(sensor)
    return Rows(
        0, sensor, rank * 1.0, np.ones(n), np.zeros((n, 1), np.float32), np.ones((n, 1), bool), rank, 9
    )


def test_few_rows_stay_together() -> None:
    """The usual batch is one work."""
    rows = rows_of(3, 0, 2)
    assert split_by_rank(rows, 3) == [rows]


def test_many_rows_of_one_sensor_are_split_in_time_order() -> None:
    """Every row is in one part, ranks begin at 0 in each, and a sensor's rows keep their order."""
    parts = split_by_rank(rows_of(7, 2, 4), 3)
    assert [p.sensor.tolist() for p in parts] == [[0, 0, 0, 1, 1, 2, 2, 2], [0, 0, 0, 2], [0]]
    assert [p.rank.tolist() for p in parts] == [[0, 1, 2, 0, 1, 0, 1, 2], [0, 1, 2, 0], [0]]
    assert np.concatenate([p.time_seconds[p.sensor == 0] for p in parts]).tolist() == list(range(7))


def test_an_answer_finds_its_rows() -> None:
    """What the scorer says about a sensor's third row is read at that row."""
    pipeline = plant()
    readings = Readings()
    for i in range(3):
        times, values = live(i, 2 + i)
        readings.add(i, times, values)
    (work,) = pipeline.ingest(readings.batch())
    assert work.job is not None
    assert work.job.lengths.tolist() == [2, 3, 4]
    result = FakeScorer().step(work.job)
    answer = Answer.of(work, result)
    assert answer.value_nll is not None
    assert np.array_equal(answer.value_nll[work.rows.sensor == 2], result.value_nll[2, :4], equal_nan=True)
    assert Answer.of(work, None) == Answer()


def test_an_opinion_on_a_gap_can_be_left_out() -> None:
    """All other opinions stay."""
    answer = Answer(gap_nll=np.array([1, 2], np.float32))
    without = answer.without_gap(np.array([True, False]))
    assert without.gap_nll is not None
    assert np.isnan(without.gap_nll[0])
    assert without.gap_nll[1] == 2
    assert answer.without_gap(np.array([False, False])) is answer
