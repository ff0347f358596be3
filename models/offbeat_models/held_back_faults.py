"""Faults put into recorded rows that were held back from training: what a detector is to find, with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat_models.series import SensorSeries
from offbeat_models.synthetic import FAULT_KINDS, FaultKind, SensorSpec, Stream, inject
from offbeat_models.windows import squash, unsquash

LEAD_ROWS = 48
"""Rows before a case, to know the sensor by."""
FAULT_ROWS = 16
CLEAN = "clean"

_PERIOD_GAPS = 24.0
"""Nobody knows the period of a real sensor; only decoupling uses it, to take a channel from another time."""


@dataclass(frozen=True, slots=True)
class Case:
    """A stretch of rows with a fault at its end, or without one.

    Attributes:
        sensor: index of the series it is from.
        kind: of the fault; "clean" without one.
        times_seconds: [n].
        x: squashed normalised values, float32 [n, C].
        mask: True where observed, [n, C].
        faulty: rows that show the fault, all behind the lead, [n].
    """

    sensor: int
    kind: str
    times_seconds: NDArray[np.float64]
    x: NDArray[np.float32]
    mask: NDArray[np.bool_]
    faulty: NDArray[np.bool_]


def cases(
    series: Sequence[SensorSeries], held_back: Sequence[int], count: int, clean: int, seed: int
) -> list[Case]:
    """Return cases of every kind of fault that the sensors can have, and clean ones.

    Args:
        series: whole recorded series.
        held_back: how many rows at the end of each were held back; no fault lies before them.
        count: cases of each kind of fault.
        clean: cases without one.
        seed: source of all choices.
    """
    rng = np.random.default_rng(seed)
    usable = [i for i, rows in enumerate(held_back) if _fits(series[i], rows)]
    specs = {i: spec_of(series[i]) for i in usable}
    usable = [i for i in usable if any(specs[i].amplitude)]
    if not usable:
        return []
    made = [_case(series, held_back, usable[n % len(usable)], None, specs, rng) for n in range(clean)]
    for kind in FAULT_KINDS:
        able = [i for i in usable if kind != "decoupling" or sum(a > 0 for a in specs[i].amplitude) > 1]
        made += [
            _case(series, held_back, able[n % len(able)], kind, specs, rng) for n in range(count) if able
        ]
    return made


def _fits(one: SensorSeries, held_back: int) -> bool:
    return held_back >= FAULT_ROWS + 2 and len(one) >= LEAD_ROWS + FAULT_ROWS + 2


def _case(
    series: Sequence[SensorSeries],
    held_back: Sequence[int],
    sensor: int,
    kind: FaultKind | None,
    specs: dict[int, SensorSpec],
    rng: np.random.Generator,
) -> Case:
    one = series[sensor]
    first = max(LEAD_ROWS, len(one) - held_back[sensor])
    start = int(rng.integers(first, len(one) - FAULT_ROWS))
    part = one.part(start - LEAD_ROWS, start + FAULT_ROWS + 1)
    values = np.where(part.mask, unsquash(part.x), np.nan)
    healthy = Stream(specs[sensor], part.times_seconds, values)
    if kind is None:
        return _as_case(healthy, sensor, CLEAN, np.zeros(len(part), np.bool_))
    at = LEAD_ROWS + (int(rng.integers(FAULT_ROWS)) if kind in ("spike", "contextual_spike") else 0)
    ill, label = inject(healthy, kind, rng, at, FAULT_ROWS)
    return _as_case(ill, sensor, kind, (ill.times >= label.start) & (ill.times <= label.end))


def _as_case(made: Stream, sensor: int, kind: str, faulty: NDArray[np.bool_]) -> Case:
    mask = np.isfinite(made.values)
    x = squash(np.where(mask, made.values, 0.0).astype(np.float32))
    return Case(sensor, kind, made.times, x, mask, faulty)


def spec_of(one: SensorSeries) -> SensorSpec:
    """Describe a real sensor as far as faults need to know it; channels that never move get no faults."""
    values = np.where(one.mask, unsquash(one.x), np.nan)
    amplitude, offset, noise = [], [], []
    for c in range(values.shape[1]):
        column = values[one.mask[:, c], c]
        low, middle, high = np.quantile(column, [0.05, 0.5, 0.95]) if len(column) else (0.0, 0.0, 0.0)
        half = 0.5 * float(high - low)
        amplitude.append(half)
        offset.append(float(middle))
        if half > 0:
            step = float(np.median(np.abs(np.diff(column)))) if len(column) > 1 else 0.0
            noise.append(float(np.clip(step / half, 0.02, 0.3)))
    unit = one.gap_unit_seconds
    return SensorSpec(
        name=str(one.row), shape="wander", rhythm="jitter", gap_seconds=unit,
        period_seconds=_PERIOD_GAPS * unit, second_period_seconds=_PERIOD_GAPS * unit,
        memory_seconds=_PERIOD_GAPS * unit, phase=0.0, duty=0.5, quantum=0.1,
        noise=float(np.median(noise)) if noise else 0.1, amplitude=tuple(amplitude), offset=tuple(offset),
    )  # fmt: skip
