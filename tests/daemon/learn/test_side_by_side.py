"""The cheap streams side by side say what they say in the pipeline."""

from __future__ import annotations

import dataclasses

import numpy as np

from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.core.streams.registry import CHEAP_NAMES
from offbeat.learn.collected import Collected
from offbeat.learn.side_by_side import cheap_raw
from offbeat.replay.virtual_time import Player
from tests.support.learnt import boilers_recorded, pairs_recorded


def test_it_says_what_the_pipeline_says() -> None:
    """Row by row, of sensors of different length, of one channel and of two."""
    for series in (boilers_recorded(300), pairs_recorded(250)):
        short = dataclasses.replace(
            series[0], times_seconds=series[0].times_seconds[:120], values=series[0].values[:120]
        )
        recorded = [short, *series[1:]]
        recordings = [one.recording() for one in recorded]
        commission = fit_normaliser_and_ridge(series[0].channels, recordings)
        directory = SensorDirectory([commission.channels], len(recorded))
        pipeline = Pipeline(directory, dataclasses.replace(CoreSettings(), collect=True))
        player, collected = Player(recorded, directory, CoreSettings().window_stride_readings), Collected()
        pipeline.install(0, commission, None)
        for step in player.steps():
            for batch in step.batches:
                for work in pipeline.ingest(batch):
                    collected.add(pipeline.scored(work, None))
        said = cheap_raw(commission, recordings)
        for sensor, expected in collected.raw(directory.groups[0].ids).items():
            cheap = slice(len(CHEAP_NAMES))
            assert said[sensor].shape == expected.shape
            assert np.allclose(
                said[sensor][:, cheap], expected[:, cheap], rtol=1e-4, atol=1e-4, equal_nan=True
            )


def test_rows_in_which_nothing_was_observed_are_heard() -> None:
    """Time goes on, no stream has an opinion, and the rest of the past is as before."""
    (one, *_) = [series.recording() for series in boilers_recorded(200, 1)]
    commission = fit_normaliser_and_ridge(("value",), [one])
    hidden = one.values.copy()
    hidden[150:160] = np.nan
    said = cheap_raw(commission, [dataclasses.replace(one, values=hidden)])[one.sensor]
    whole = cheap_raw(commission, [one])[one.sensor]
    level = CHEAP_NAMES.index("level")
    assert np.isnan(said[150:160, level]).all()
    assert np.array_equal(said[:150], whole[:150], equal_nan=True)
    assert np.isfinite(said[160:, level]).all()


def test_nothing_recorded_is_nothing_said() -> None:
    """No sensors, and a sensor without rows."""
    (one,) = [series.recording() for series in boilers_recorded(50, 1)]
    commission = fit_normaliser_and_ridge(("value",), [one])
    assert cheap_raw(commission, []) == {}
    empty = dataclasses.replace(one, times_seconds=one.times_seconds[:0], values=one.values[:0])
    assert len(cheap_raw(commission, [empty])[one.sensor]) == 0
