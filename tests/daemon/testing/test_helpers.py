"""The helpers say what they were told, and nothing else."""

from __future__ import annotations

import numpy as np

from offbeat.core.jobs import StepJob
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.readings import Readings, joined


def job(values: list[float], sensor: int = 0) -> StepJob:
    """Return a job of one sensor of one channel."""
    x = np.array(values, np.float32)[None, :, None]
    return StepJob(
        group=0,
        sensor=np.array([sensor], np.int32),
        row=np.array([0]),
        x=x,
        mask=np.ones_like(x),
        gap=np.ones(x.shape[:2], np.float32),
        lengths=np.array([x.shape[1]]),
    )


def test_readings_come_in_order_of_arrival_with_their_place_in_the_log() -> None:
    """Batches are cut where they are full, and a NaN is no reading."""
    readings = Readings(offset=100).add(0, [1, 3], [10, 30]).add(1, [2, 4], [20, np.nan], channel=2)
    first, second = readings.batches(2)
    assert first.sensor.tolist() == [0, 1]
    assert first.channel.tolist() == [0, 2]
    assert first.value.tolist() == [10, 20]
    assert (first.offset, second.offset) == (102, 103)
    assert (
        joined([first, second]).time_seconds.tolist() == readings.batch().time_seconds.tolist() == [1, 2, 3]
    )


def test_arrival_can_differ_from_event_time() -> None:
    """Late readings are told apart by it."""
    batch = Readings().add(0, [5, 1], [0, 0], arrival_seconds=[5, 6]).batch()
    assert batch.time_seconds.tolist() == [5, 1]


def test_the_fake_scorer_expects_what_it_saw_last() -> None:
    """It carries that from job to job, for each sensor alone, until it is reset."""
    scorer = FakeScorer(sigma=0.5)
    first = scorer.step(job([1, 1, 3]))
    assert np.isnan(first.value_nll[0, 0, 0])
    assert first.value_nll[0, 2, 0] > first.value_nll[0, 1, 0]
    scorer.step(job([9], sensor=5))
    assert scorer.step(job([3])).mean[0, 0, 0] == 3
    scorer.reset(0, np.array([0], np.int32))
    assert np.isnan(scorer.step(job([3])).mean[0, 0, 0])
    scorer.rebuild(job([7, 8]))
    assert scorer.step(job([3])).mean[0, 0, 0] == 8


def test_the_fake_scorer_answers_alike_whatever_shares_its_job() -> None:
    """Solo and together give the same numbers."""
    solo, pair = job([1, 2, 4]), job([1, 2, 4])
    both = StepJob(
        group=0,
        sensor=np.array([0, 1], np.int32),
        row=np.zeros(2, np.int64),
        x=np.concatenate([pair.x, 5 * pair.x]),
        mask=np.concatenate([pair.mask, pair.mask]),
        gap=np.concatenate([pair.gap, pair.gap]),
        lengths=np.array([3, 2]),
    )
    alone, together = FakeScorer().step(solo), FakeScorer().step(both)
    assert np.array_equal(alone.value_nll[0], together.value_nll[0], equal_nan=True)
    assert np.isnan(together.value_nll[1, 2]).all()
