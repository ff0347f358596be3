"""Windows laid out for the model."""

from __future__ import annotations

import numpy as np

from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.windowing import recent_rows
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, live, plant


def after(rows: dict[int, int], sensors: tuple[str, ...] = BOILERS) -> tuple:
    """Return a pipeline that has seen so many rows of each sensor, and the log time."""
    pipeline = plant(CoreSettings(), sensors)
    readings = Readings()
    for i, n in rows.items():
        readings.add(i, *live(i, n))
    batches = readings.batches()
    play(pipeline, batches, FakeScorer())
    return pipeline, float(batches[-1].arrival_seconds[-1])


def test_windows_of_like_length_share_a_job() -> None:
    """Little of a job is padding, and together they keep the limit."""
    pipeline, now = after({0: 250, 1: 20, 2: 240, 3: 25})
    jobs = pipeline.due_windows(now, 10)
    assert [job.sensor.tolist() for job in jobs] == [[1, 3], [0, 2]]
    assert [job.x.shape[1] for job in jobs] == [25, 250]
    assert pipeline.due_windows(now, 10) == []


def test_a_window_of_a_slow_sensor_speaks_of_fewer_rows() -> None:
    """Those of some hours: four hourly rows, eight of half an hour, and no more than the most of faster ones."""
    unit = np.array([0.001, 5.0, 600.0, 1800.0, 3600.0, 86_400.0])
    assert recent_rows(unit, 16).tolist() == [16, 16, 16, 8, 4, 4]
    assert recent_rows(unit, 3).tolist() == [3] * 6


def test_the_limit_holds_over_all_jobs() -> None:
    """The longest due come first, the others next time."""
    pipeline, now = after({0: 250, 1: 20, 2: 240, 3: 25})
    first = pipeline.due_windows(now, 3)
    second = pipeline.due_windows(now, 3)
    assert [sum(len(j.sensor) for j in jobs) for jobs in (first, second)] == [3, 1]


def test_short_windows_and_sensors_without_a_scale_are_not_asked_about() -> None:
    """They come again when there is something to ask."""
    pipeline, now = after({0: 5, 4: 30}, (*BOILERS, "stranger"))
    assert pipeline.due_windows(now + 1000, 10) == []
    batches = Readings(offset=100).add(4, now + 5.0 * np.arange(1, 60), np.arange(59)).batches()
    play(pipeline, batches, FakeScorer())
    (job,) = pipeline.due_windows(now + 1000, 10)
    assert job.sensor.tolist() == [4]
    assert job.row.tolist() == [0]


def test_the_carried_state_can_be_read_anew_from_the_windows() -> None:
    """The same rows in the same units as they came live; first gaps and padding are 0."""
    pipeline, _ = after({0: 30, 1: 10})
    (job,) = pipeline.rebuild_jobs()
    assert job.sensor.tolist() == [0, 1]
    assert job.lengths.tolist() == [30, 10]
    assert (job.gap[:, 0] == 0).all()
    assert (job.gap[1, 10:] == 0).all()
    assert (job.gap[0, 1:] > 0).all()
    assert len(list(pipeline.rebuild_jobs(at_once=1))) == 2
