"""What is said of sensors that stop before they are learnt."""

from __future__ import annotations

import math

import numpy as np
import pytest

from offbeat.app.api_answers import SensorSummary
from offbeat.app.fallen_quiet import fallen_quiet
from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.app.sensor_views import SensorViews
from offbeat.testing.fake_scorer import FakeScorer
from offbeat.testing.playing import play
from offbeat.testing.readings import Readings
from tests.support.plant import BOILERS, START, plant


def seen(after_seconds: float) -> SensorSummary:
    """Return what is told of a new sensor that reported for 106 seconds, so long after its last reading."""
    pipeline = plant(sensors=(*BOILERS, "new"))
    times = START + np.arange(107.0)
    play(pipeline, Readings().add(4, times, 20 + np.sin(times / 9)).batches(), FakeScorer())
    views = SensorViews(pipeline, RecentVerdicts(pipeline), clock=lambda: float(times[-1]) + after_seconds)
    [summary] = views.summaries([(0, 4)])
    return summary


def test_as_long_as_it_is_heard_the_time_that_is_left_is_told() -> None:
    """By its own pace."""
    summary = seen(2.0)
    assert summary.reason == "107 of 320 readings that alerts about its values need"
    assert summary.eta_seconds == pytest.approx(213, abs=3)


def test_once_it_stopped_that_is_told_instead() -> None:
    """Its silence is judged later, if at all: it lived for less than two minutes."""
    summary = seen(240.0)
    assert summary.open == []
    assert summary.reason == "107 of 320 readings that alerts about its values need; no reading for 4 min"
    assert summary.eta_seconds is None


def test_a_usual_pause_is_not_worth_a_word() -> None:
    """Of a sensor that reports every half hour, of one that was never heard, of one heard once a moment ago."""
    assert fallen_quiet(4 * 1800.0, 0.0, 1800.0) == ""
    assert fallen_quiet(1e9, -math.inf, math.nan) == ""
    assert fallen_quiet(59.0, 0.0, math.nan) == ""
    assert fallen_quiet(60.0, 0.0, 0.1) != ""
