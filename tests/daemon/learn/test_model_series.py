"""Recordings in the units that a model sees."""

from __future__ import annotations

import numpy as np

from offbeat.core.jobs import StepJob, StepResult
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.learn.model_series import model_series
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import MODEL, directory_of, play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, PAIR, pair, pairs_learnt

ROWS = 80


class Noting(FakeScorer):
    """A fake scorer that keeps what it is shown of each sensor."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, list[tuple[np.ndarray, ...]]] = {}

    def step(self, job: StepJob) -> StepResult:
        """Keep each sensor's rows, values, mask and gaps."""
        for i, sensor in enumerate(job.sensor.tolist()):
            n = int(job.lengths[i])
            rows = np.full(n, job.row[i])
            self.seen.setdefault(sensor, []).append((rows, job.x[i, :n], job.mask[i, :n], job.gap[i, :n]))
        return super().step(job)


def test_a_model_learns_from_what_the_pipeline_will_show_it() -> None:
    """The same numbers bit for bit, with channels that are not always observed."""
    commission, scorer = pairs_learnt(), Noting()
    recordings = [Recording(name, *pair(i, ROWS)) for i, name in enumerate(BOILERS[:2])]
    pipeline = Pipeline(directory_of(BOILERS[:2], PAIR), CoreSettings())
    pipeline.install(0, commission, MODEL)
    readings = Readings()
    for i, one in enumerate(recordings):
        readings.add_rows(i, one.times_seconds, one.values)
    play(pipeline, readings.batches(), scorer)
    for i, series in enumerate(model_series(commission, recordings)):
        rows, x, mask, gap = (np.concatenate(parts) for parts in zip(*scorer.seen[i], strict=True))
        assert set(rows.tolist()) == {series.row} == {commission.row_of(BOILERS[i])}
        assert np.array_equal(series.mask, mask > 0)
        assert np.array_equal(series.x, x)
        gaps = np.diff(series.times_seconds) / series.gap_unit_seconds
        assert np.allclose(gaps, gap[1:], rtol=1e-5)


def test_a_sensor_that_nobody_knows_is_seen_as_the_fleet_is() -> None:
    """Row 0 of the commission."""
    commission = pairs_learnt()
    (series,) = model_series(commission, [Recording("stranger", *pair(0, ROWS))])
    assert series.row == 0
    assert series.gap_unit_seconds == float(commission.gap_unit_seconds[0])


def test_what_was_not_observed_is_nothing_to_the_model() -> None:
    """A NaN becomes 0 under a mask; no number leaks."""
    commission = pairs_learnt()
    times, values = pair(0, ROWS)
    values[5:9] = np.nan
    (series,) = model_series(commission, [Recording(BOILERS[0], times, values)])
    assert np.isfinite(series.x).all()
    assert not series.mask[5:9].any()
    assert (series.x[~series.mask] == 0).all()
