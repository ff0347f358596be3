"""Faults put into what was recorded, so that two models can be asked which of them they find."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from offbeat.core.recording import Recording
from offbeat_models.held_back_faults import FAULT_ROWS, spec_of
from offbeat_models.series import SensorSeries
from offbeat_models.synthetic import FAULT_KINDS, Stream, inject
from offbeat_models.windows import robust_center_scale, squash

Doubles = NDArray[np.float64]

ROWS_BETWEEN = 96
"""From one fault to the next of a sensor, so that the first is over and told."""

GRACE_GAPS = 8.0
"""A fault counts as found if it is told of so many usual gaps after its end at the latest."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that was put in.

    Attributes:
        sensor: id.
        kind: what went wrong.
        start_seconds, end_seconds: when an alert finds it.
    """

    sensor: str
    kind: str
    start_seconds: float
    end_seconds: float


def with_faults(recording: Recording, since_seconds: float, seed: int) -> tuple[Recording, list[Injected]]:
    """Return a recording with faults in its newest part, and what they are; unchanged where none fits.

    Args:
        recording: of one sensor; one row an instant.
        since_seconds: before it nothing is changed.
        seed: source of all choices.
    """
    first = int(np.searchsorted(recording.times_seconds, since_seconds))
    room = len(recording) - first - FAULT_ROWS - 2
    center, scale = _own_law(recording)
    one = _series(recording, center, scale)
    spec = spec_of(one)
    if room < 1 or first < 1 or not any(spec.amplitude):
        return recording, []
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in FAULT_KINDS if kind != "decoupling" or recording.values.shape[1] > 1]
    starts = first + np.linspace(0, room, max(room // ROWS_BETWEEN, 1) + 2)[1:-1].astype(int)
    made = Stream(spec, recording.times_seconds, (recording.values - center) / scale)
    faults = []
    # From the last to the first: a fault may take rows away, and those before it stay where they are.
    for number, start in reversed(list(enumerate(starts.tolist()))):
        kind = kinds[(seed + number) % len(kinds)]
        made, label = inject(made, kind, rng, start, FAULT_ROWS)
        end = label.end + GRACE_GAPS * one.gap_unit_seconds
        faults.append(Injected(recording.sensor, kind, label.start, end))
    values = (made.values * scale + center).astype(np.float32)
    return replace(recording, times_seconds=made.times, values=values), faults[::-1]


def _own_law(recording: Recording) -> tuple[Doubles, Doubles]:
    """Return center and scale of each channel by the sensor's own rows: neither model's."""
    pairs = []
    for column in recording.values.T:
        seen = column[np.isfinite(column)].astype(np.float64)
        pairs.append(robust_center_scale(seen) if len(seen) else (0.0, 0.0))
    center, scale = (np.array(part) for part in zip(*pairs, strict=True))
    return center, np.where(scale > 0, scale, 1.0)


def _series(recording: Recording, center: Doubles, scale: Doubles) -> SensorSeries:
    mask = np.isfinite(recording.values)
    z = np.where(mask, (recording.values - center) / scale, 0.0).astype(np.float32)
    gaps = np.diff(recording.times_seconds)
    unit = float(np.median(gaps)) if len(gaps) else 1.0
    return SensorSeries(1, recording.times_seconds, squash(z), mask, max(unit, 1e-6))
