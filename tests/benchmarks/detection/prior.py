"""What the fleet prior alone is worth: faults it finds in sensors that nobody knows, and false alerts it raises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.engine import Engine
from offbeat.app.priors import PRIORS, prior_of
from offbeat.core.decisions import Decisions
from offbeat.core.episode_rules import WEEK_SECONDS
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from offbeat.replay.series import Series
from offbeat.replay.virtual_time import Player, common_start_shifts
from offbeat.scoring.torch_scorer import TorchScorer
from offbeat_models.served import scorer_of
from tests.benchmarks.detection import suite
from tests.benchmarks.detection.budgets import kind_of
from tests.benchmarks.detection.clean_streams import clean_streams
from tests.benchmarks.detection.injected import FLEETS, recall_by_fault
from tests.benchmarks.detection.silence_law import SilenceLaw

LEAD_ROWS = 900
"""A quarter of an hour at one reading a second: what a sensor has said when the first fault comes."""
SCORES = ("alarm", "score")
"""What opens alerts, against the sensor's own last readings; and the severity, against the fleet's laws."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """How rows were judged: -log10 of what opens alerts, and the score, by track [n, Q]."""

    times_seconds: NDArray[np.float64]
    alarm: NDArray[np.float64]
    score: NDArray[np.float32]


def recall(fleet: str, seed: int = 0, windows: int = 1, folder: Path = PRIORS) -> dict[str, Any]:
    """Return the recall by fault at 1 % of healthy windows alarmed, of sensors that the prior was not made from.

    Args:
        fleet: name of `FLEETS`.
        seed: of signals and faults.
        windows: of each fault and sensor.
        folder: of the priors.
    """
    played = suite.cases(suite.paced(FLEETS[fleet]()), seed, windows, 2 * windows, LEAD_ROWS)
    begins: dict[str, float] = {}
    for window in played.windows:
        begins[window.copy] = min(window.start, begins.get(window.copy, np.inf))
    silence = SilenceLaw([one.before(begins[one.sensor]) for one in played.series]).surprise(
        played.series, {}
    )
    said = dict(zip([one.sensor for one in played.series], silence, strict=True))
    quiet = suite.largest_by_window(
        played.windows, {one.sensor: one.times_seconds for one in played.series}, said
    )
    rows = _judged(played.series, folder)
    times = {copy: one.times_seconds for copy, one in rows.items()}
    alarm, score = (
        suite.largest_by_window(played.windows, times, of_rows)
        for of_rows in (
            {copy: np.nanmax(one.alarm, axis=1, initial=0.0) for copy, one in rows.items()},
            {copy: np.nanmax(one.score, axis=1, initial=0.0) for copy, one in rows.items()},
        )
    )
    by_score = dict(zip(SCORES, (np.maximum(alarm, quiet), score), strict=True))
    return {name: recall_by_fault(played.windows, one) for name, one in by_score.items()}


def false_alerts(
    seed: int = 0, sensors: int = 40, hours: float = 8.0, folder: Path = PRIORS
) -> dict[str, Any]:
    """Return the alerts that new sensors with nothing wrong raise in their first hours, and what they were about."""
    series = clean_streams(seed, sensors, (5.0, 20.0), hours * 3600.0)
    opened = [e for decided in _decided(series, folder) for e in decided.events if e.event == "open"]
    weeks = sensors * hours * 3600.0 / WEEK_SECONDS
    return {
        "sensor_weeks": weeks,
        "a_sensor_week": len(opened) / weeks,
        "about": dict(Counter(e.kind for e in opened).most_common()),
        "of": dict(Counter(kind_of(e.sensor) for e in opened).most_common()),
        "sensors_with_any": len({e.sensor for e in opened}) / sensors,
    }


def _judged(series: Sequence[Series], folder: Path) -> dict[str, _Rows]:
    """Return how the rows of each sensor were judged, in recorded time."""
    said = [decided.scores for decided in _decided(series, folder) if decided.scores is not None]
    slot = np.concatenate([one.sensor for one in said])
    p_value = np.concatenate([one.track_p_value for one in said if one.track_p_value is not None])
    score = np.concatenate([one.track_score for one in said])
    time = np.concatenate([one.time_seconds for one in said])
    order = np.argsort(slot, kind="stable")
    parts = np.split(order, np.searchsorted(slot[order], np.arange(1, len(series))))
    shifts = common_start_shifts(series)
    with np.errstate(divide="ignore"):
        return {
            one.sensor: _Rows(time[part] + shift, -np.log10(p_value[part]), score[part])
            for one, part, shift in zip(series, parts, shifts, strict=True)
        }


def _decided(series: Sequence[Series], folder: Path) -> Iterator[Decisions]:
    """Yield what is decided while sensors that nobody knows are played by the prior."""
    directory = SensorDirectory([series[0].channels], len(series))
    player = Player(series, directory)
    pipeline = Pipeline(directory, replace(CoreSettings(), collect=True))
    prior = prior_of(directory.groups[0], folder)
    pipeline.install(0, prior.commission, (prior.name, prior.version))
    engine = Engine(pipeline, TorchScorer({0: scorer_of(prior.model, len(series))}, "cpu"))
    out: list[Decisions] = []
    for step in player.steps():
        engine.feed(step.batches, step.now_seconds, out.append)
        if step.tick:
            engine.tick(step.now_seconds, out.append)
        yield from out
        out.clear()
