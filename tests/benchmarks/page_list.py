"""How long the loop stands still for a page of the list of ten thousand sensors, and what the asking thread does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.app.sensor_list import SensorList
from offbeat.app.sensor_views import SensorViews
from tests.benchmarks.fleet import fleet_of
from tests.benchmarks.table import Line
from tests.benchmarks.timing import seconds_of

SENSORS = 10_000
SHOWN = 50
ROUNDS = 15
# The loop owes a page no more time than the plainest thing that Python could do with as many sensors.


def measure(folder: Path) -> list[Line]:
    """Return the one line: a page of the list, the strangest first."""
    pipeline = fleet_of(SENSORS)
    pipeline.groups[0].score[:] = np.random.default_rng(0).gamma(2, 0.2, SENSORS)
    views = SensorViews(pipeline, RecentVerdicts(pipeline))
    columns, order = views.columns(), list(range(SHOWN))
    held = _best(views.columns) + _best(lambda: views.summaries([(0, slot) for slot in order]))
    asked = _best(lambda: SensorList(*columns).order("sensor0", False, "score", False))
    bare = _best(lambda: sorted(range(SENSORS), key=pipeline.groups[0].score.__getitem__))
    return [
        Line(
            f"a page of the list of {SENSORS:,} sensors, time of the loop",
            f"{held * 1000:.2f} ms",
            f"sorting scores in Python {bare * 1000:.2f} ms",
            held / bare,
            "<= 1",
            held <= bare,
            notes=(f"Search and order take {asked * 1000:.2f} ms of the asking thread.",),
        )
    ]


def _best(work: Callable[[], object]) -> float:
    return min(seconds_of(work, ROUNDS))
