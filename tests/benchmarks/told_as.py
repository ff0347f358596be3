"""As what alerts tell of injected faults, when they open and when they close: on signals the rule was not chosen on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from offbeat.app.backtest import run_backtest
from offbeat.core.events import EpisodeEvent
from offbeat.core.streams.registry import STREAM_KINDS, STREAM_NAMES
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from offbeat_models.synthetic import SensorSpec, inject, stream
from tests.benchmarks.detection import suite
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.table import Line

FITS: Mapping[str, tuple[str, ...]] = {
    "spike": ("spike",),
    "contextual_spike": ("spike", "shape"),
    "drift": ("drift", "level"),
    "variance": ("variance",),
    "frequency": ("shape", "variance"),
    "stuck": ("stuck",),
    "rate_up": ("rhythm",),
    "rate_down": ("rhythm",),
}
"""What a person would call each fault."""

SENSORS, SEED = 28, 100
PAST_ROWS, CALM_ROWS = 2200, 300
STEPS = 20
"""Of training: what the model says has no vote."""
_KINDS = dict(zip(STREAM_NAMES, STREAM_KINDS, strict=True))


@dataclass(frozen=True, slots=True)
class Course:
    """What one sensor does: healthy rows to learn from, then each fault once with calm between.

    Attributes:
        series: its readings.
        test_from: when what is learnt from ends.
        faults: each one's kind, and from when to when what opens is about it.
    """

    series: Series
    test_from: float
    faults: tuple[tuple[str, float, float], ...]


def measure(_folder: Path) -> list[Line]:
    """Return a line each for the opening and for the end of alerts."""
    fleet = suite.univariate(SENSORS)
    courses = {spec.name: _course(fleet, spec) for spec in fleet.specs}
    series = [one.series for one in courses.values()]
    splits = Splits(by_sensor={name: one.test_from for name, one in courses.items()})
    result = run_backtest(series, splits, replace(plan_for(series, SEED), steps=STEPS))
    told = [(fault, event) for event in result.events if (fault := _fault_of(courses[event.sensor], event))]
    return [_line(told, event) for event in ("open", "close")]


def _course(fleet: suite.Fleet, spec: SensorSpec) -> Course:
    random = suite.random_for(SEED, spec.name, "told as")
    every = CALM_ROWS + suite.WINDOW_ROWS
    readings = stream(spec, random, suite.START_SECONDS, PAST_ROWS + CALM_ROWS + every * len(FITS))
    healthy, faults = readings.times.copy(), []
    for number, kind in enumerate(FITS):
        first = PAST_ROWS + CALM_ROWS + every * number
        row, rows = suite.fault_rows(kind, random, first)
        # A fault of the rate adds or takes rows: what comes after it has moved on.
        readings, _ = inject(readings, kind, random, int(np.searchsorted(readings.times, healthy[row])), rows)
        faults.append((kind, float(healthy[first]), float(healthy[first + suite.WINDOW_ROWS])))
    return Course(suite.as_series(spec.name, fleet, readings), float(healthy[PAST_ROWS]), tuple(faults))


def _fault_of(course: Course, event: EpisodeEvent) -> str | None:
    """Return the fault that an episode is about, by when it began."""
    return next((kind for kind, start, end in course.faults if start <= event.started_at <= end), None)


def _line(told: Sequence[tuple[str, EpisodeEvent]], change: str) -> Line:
    """Return the share of alerts about faults that name them as a person would, mean over the faults."""
    named: dict[str, Counter[str]] = defaultdict(Counter)
    loudest: dict[str, list[bool]] = defaultdict(list)
    for fault, event in told:
        if event.event == change:
            named[fault][event.kind] += 1
            loudest[fault].append(_by_loudest(event) in FITS[fault])
    share = {kind: sum(of[k] for k in FITS[kind]) / of.total() for kind, of in named.items()}
    plain = float(np.mean([np.mean(hits) for hits in loudest.values()]))
    ours = float(np.mean(list(share.values())))
    return Line(
        f"alerts about injected faults that are named as what they are, at the {change}",
        f"{ours:.2f}",
        f"by the loudest stream {plain:.2f}",
        ours / plain,
        notes=tuple(
            f"{fault}: {share[fault]:.2f}; "
            + ", ".join(f"{kind} {count}" for kind, count in of.most_common())
            for fault, of in named.items()
        ),
    )


def _by_loudest(event: EpisodeEvent) -> str:
    return _KINDS[max(event.streams, key=event.streams.__getitem__)] if event.streams else event.kind
