"""A sensor that reports at another pace is told of, with a model or without; one that lost a reading is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from offbeat.core.events import EpisodeEvent
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import live, plant

FROM, TO = 200, 260


def told(times: NDArray[np.float64], values: NDArray[np.float32]) -> list[EpisodeEvent]:
    """Return what is said of the rhythm of one sensor while no model answers."""
    readings = Readings()
    readings.add(0, times, values)
    out = play(plant(CoreSettings(budget_per_week=1.0)), readings.batches(1), None, tick_seconds=5)
    return [event for event in out.events if event.kind == "rhythm"]


def paced(factor: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return a sensor whose gaps are longer by a factor for some rows."""
    times, values = live(0, 500)
    gaps = np.diff(times, prepend=times[0])
    gaps[FROM:TO] *= factor
    return times[0] + np.cumsum(gaps), values


@pytest.mark.parametrize("factor", [1 / 6, 1 / 4])
def test_a_sensor_that_became_fast_opens_a_rhythm_episode_and_closes_it(factor: float) -> None:
    """Without any model: `pace` is there as soon as anything was learnt."""
    times, values = paced(factor)
    events = told(times, values)
    assert [event.event for event in events if event.event != "update"] == ["open", "close"]
    assert times[FROM] < events[0].updated_at < times[TO]
    assert set(events[0].streams) == {"pace"}


def test_ordinary_gaps_and_one_lost_reading_are_no_rhythm() -> None:
    """Also to a sensor that never lost one before."""
    times, values = paced(1.0)
    assert not told(times, values)
    kept = np.arange(len(times)) != 300
    assert not told(times[kept], values[kept])


def test_gaps_that_are_a_third_longer_wake_nobody() -> None:
    """However sure that law is: it has to be half as long again on the mean of the newest eight."""
    assert not told(*paced(1.35))
