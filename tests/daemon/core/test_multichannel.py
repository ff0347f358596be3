"""Sensors of several channels through the whole pipeline, without a model: relations, losses, and whom to blame."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from offbeat.core.commission import Commission
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.testing.playing import Played, commissioned, directory_of, play
from offbeat.testing.readings import Readings

CHANNELS = ("flow", "pressure", "power")
SENSORS = ("pump0", "pump1")
FAULT = slice(400, 460)
LATE = 9
"""Rows by which a decoupled channel lags: about a third of a wave."""


def pump(seed: int, rows: int, start: float = 0.0) -> Recording:
    """Return a pump whose channels follow one load that rises and falls, a reading every two seconds or so."""
    rng = np.random.default_rng(seed)
    times = start + np.cumsum(rng.uniform(1.8, 2.2, rows))
    load = np.sin(np.cumsum(rng.normal(0.25, 0.05, rows)))[:, None] + 0.05 * rng.normal(size=(rows, 3))
    return Recording(f"pump{seed}", times, (load * [5, 0.4, 900] + [20, 3, 4000]).astype(np.float32))


@cache
def learnt() -> Commission:
    """Return what is learnt of both pumps."""
    return commissioned(CHANNELS, [pump(i, 3000) for i in range(2)])


def live(change: tuple[int, slice, str] | None = None, rows: int = 600) -> Played:
    """Play both pumps on; of the first one a channel is changed over some rows, by lagging or by being lost."""
    recordings = [pump(i, rows + 3000) for i in range(2)]
    readings = Readings()
    for i, recording in enumerate(recordings):
        times, values = recording.times_seconds[3000:], recording.values[3000:].copy()
        if change is not None and i == 0:
            channel, where, what = change
            lagging = values[where.start - LATE : where.stop - LATE, channel].copy()
            values[where, channel] = lagging if what == "lags" else np.nan
        readings.add_rows(i, times, values)
    pipeline = Pipeline(directory_of(SENSORS, CHANNELS), CoreSettings(budget_per_week=1))
    pipeline.install(0, learnt(), None)
    return play(pipeline, readings.batches(30), tick_seconds=5)


def test_nothing_is_told_of_ordinary_pumps() -> None:
    """The calibration holds on what comes after the recording."""
    assert live().events == []


@pytest.mark.parametrize("channel", range(3))
def test_a_channel_that_lags_is_found_told_as_a_relation_and_blamed(channel: int) -> None:
    """Every one of its values is in range; the others are fine."""
    events = live((channel, FAULT, "lags")).events
    assert {event.sensor for event in events} == {"pump0"}
    opened = next(event for event in events if event.event == "open")
    assert opened.kind == "relation"
    assert opened.streams["relation"] > opened.streams["level"]
    assert max(opened.contributions, key=lambda name: opened.contributions[name]) == CHANNELS[channel]
    assert sum(opened.contributions.values()) == pytest.approx(1)
    assert CHANNELS[channel] in opened.message


def test_a_channel_that_goes_missing_is_no_anomaly_of_the_process() -> None:
    """The others go on being judged."""
    played = live((2, slice(300, 600), "lost"))
    assert [event for event in played.events if event.family == "process"] == []
    assert np.isfinite(played.of(0)[-200:]).all()
