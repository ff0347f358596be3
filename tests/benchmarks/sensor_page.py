"""How long `/metrics/sensors` takes to render 100,000 series, and how long the loop stands still for it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from offbeat.app.sensor_columns import sensor_columns
from offbeat.config.sensor_choice import SensorChoice
from offbeat.observe.catalogue import SENSOR_CATALOGUE
from offbeat.observe.sensor_metrics import SensorColumns, SensorPage
from tests.benchmarks.fleet import fleet_of
from tests.benchmarks.table import Line
from tests.benchmarks.timing import seconds_of

SERIES = 100_000
SENSORS = -(-SERIES // len(SENSOR_CATALOGUE))
ROUNDS = 9
BAR_SECONDS = 0.150


def measure(folder: Path) -> list[Line]:
    """Return the one line: the page with a number in every series, all numbers new at each scrape."""
    pipeline = fleet_of(SENSORS)
    held = _middle(lambda: sensor_columns(pipeline))
    columns, random = sensor_columns(pipeline), np.random.default_rng(0)
    page = SensorPage(lambda: [_with_numbers(one, random) for one in columns], SensorChoice("all"))
    text = page.respond().body.decode()
    series = sum(1 for line in text.splitlines() if not line.startswith("#"))
    assert series >= SERIES, f"only {series} series"
    making = _middle(lambda: [_with_numbers(one, random) for one in columns])
    ours = held + _middle(page.respond) - making
    theirs = _of_a_library(columns[0])
    return [
        Line(
            f"/metrics/sensors, {series:,} series",
            f"{ours * 1e3:.0f} ms",
            f"prometheus_client {theirs * 1e3:,.0f} ms",
            ours / theirs,
            "<= 150 ms",
            ours <= BAR_SECONDS,
            (f"the loop stands still for {held * 1e3:.1f} ms of it.",),
        )
    ]


def _with_numbers(columns: SensorColumns, random: np.random.Generator) -> SensorColumns:
    """Return columns with a number for every sensor, as if all had been learnt and judged."""
    values = {name: random.normal(50.0, 10.0, column.shape) for name, column in columns.values.items()}
    return dataclasses.replace(columns, values=values)


def _of_a_library(columns: SensorColumns) -> float:
    """Return the seconds that the client library takes for gauges that have their values already."""
    registry = CollectorRegistry()
    for name in columns.values:
        gauge = Gauge(name.removesuffix("_total"), "A gauge.", ["sensor"], registry=registry)
        for number, sensor in enumerate(columns.ids):
            gauge.labels(sensor).set(number / 7)
    began = time.perf_counter()
    generate_latest(registry)
    return time.perf_counter() - began


def _middle(work: Callable[[], object]) -> float:
    return float(np.median(seconds_of(work, ROUNDS)))
