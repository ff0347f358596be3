"""Synthetic sensors that report irregularly, and faults put into their streams with labels.

For tests, demonstrations and benchmarks. All randomness comes from the generators given.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Shape = Literal["sine", "two_sines", "wander", "square", "saw", "steps", "quantised_sine"]
Rhythm = Literal["jitter", "poisson", "bursty", "regular"]
FaultKind = Literal[
    "spike",
    "contextual_spike",
    "stuck",
    "drift",
    "variance",
    "frequency",
    "rate_up",
    "rate_down",
    "silence",
    "decoupling",
]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SensorSpec:
    """What a synthetic sensor measures and when it reports.

    Attributes:
        name: sensor id.
        shape: form of its signal.
        rhythm: law of its gaps.
        gap_seconds: mean gap.
        period_seconds: of its signal.
        second_period_seconds: of its faster part, for "two_sines".
        memory_seconds: for "wander".
        phase: 0..1, where in its period the signal is at time 0.
        duty: share of a period that is high, for "square".
        quantum: resolution as a share of the amplitude, for "quantised_sine".
        noise: of each reading, as a share of the amplitude.
        amplitude: by channel; `offset` likewise.
        offset: by channel.
        missing: share of readings a channel of a row lacks; 0 = rows are complete.
    """

    name: str
    shape: Shape
    rhythm: Rhythm
    gap_seconds: float
    period_seconds: float
    second_period_seconds: float
    memory_seconds: float
    phase: float
    duty: float
    quantum: float
    noise: float
    amplitude: tuple[float, ...]
    offset: tuple[float, ...]
    missing: float = 0.0

    @property
    def channels(self) -> int:
        """Number of channels; all follow one signal, each with its own amplitude, offset and noise."""
        return len(self.amplitude)


@dataclass(frozen=True, slots=True)
class Stream:
    """Readings of one sensor in time order.

    Attributes:
        spec: the sensor.
        times: unix seconds, float64 [n], strictly ascending.
        values: float64 [n, C]; NaN where a channel was not observed.
    """

    spec: SensorSpec
    times: Floats
    values: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times)


@dataclass(frozen=True, slots=True)
class Fault:
    """A labelled fault: it shows from `start` to `end`, both unix seconds and inclusive."""

    kind: FaultKind
    start: float
    end: float


def make_fleet(
    seed: int,
    n: int,
    channels: int = 1,
    gap_seconds: tuple[float, float] = (0.1, 100.0),
    missing: float = 0.0,
) -> list[SensorSpec]:
    """Return `n` sensors of all shapes and rhythms in turn.

    Args:
        seed: of the fleet.
        n: sensors.
        channels: of each sensor.
        gap_seconds: range of mean gaps, log-uniform.
        missing: share of readings a channel of a row lacks.
    """
    rng = np.random.default_rng(seed)
    shapes, rhythms = get_args(Shape), get_args(Rhythm)
    fleet = []
    for i in range(n):
        gap = float(np.exp(rng.uniform(*np.log(gap_seconds))))
        period = gap * rng.uniform(12.0, 40.0)
        amplitude = 10.0 ** rng.uniform(-1.0, 3.0, channels)
        fleet.append(
            SensorSpec(
                name=f"sensor-{i:03d}",
                shape=shapes[i % len(shapes)],
                rhythm=rhythms[i // len(shapes) % len(rhythms)],
                gap_seconds=gap,
                period_seconds=period,
                second_period_seconds=period * rng.uniform(0.2, 0.4),
                memory_seconds=gap * rng.uniform(8.0, 30.0),
                phase=rng.uniform(),
                duty=rng.uniform(0.3, 0.7),
                quantum=rng.uniform(0.05, 0.15),
                noise=rng.uniform(0.03, 0.12),
                amplitude=tuple(amplitude.tolist()),
                offset=tuple((5.0 * amplitude * rng.normal(size=channels)).tolist()),
                missing=missing,
            )
        )
    return fleet


def stream(
    spec: SensorSpec,
    rng: np.random.Generator,
    start: float = 0.0,
    count: int | None = None,
    span: float | None = None,
) -> Stream:
    """Return readings of a healthy sensor.

    Args:
        spec: the sensor.
        rng: source of gaps and noise.
        start: unix seconds of the first reading.
        count: number of rows; give this or `span`.
        span: seconds to cover.
    """
    if (count is None) == (span is None):
        raise ValueError("give either count or span to a synthetic stream, not both and not neither")
    rows = count if count is not None else int(1.5 * (span or 0.0) / spec.gap_seconds) + 16
    gaps = _gaps(spec, rng, rows)
    times = start + np.concatenate([[0.0], np.cumsum(gaps[1:])])
    if span is not None:
        times = times[times <= start + span]
    signal = _signal(spec, rng, times)
    values = signal[:, None] + spec.noise * rng.normal(size=(len(times), spec.channels))
    if spec.shape == "quantised_sine":
        values = np.round(values / spec.quantum) * spec.quantum
    values = values * np.array(spec.amplitude) + np.array(spec.offset)
    if spec.missing:
        lost = rng.random(values.shape) < spec.missing
        lost[np.arange(len(lost)), rng.integers(0, spec.channels, len(lost))] = False
        values = np.where(lost, np.nan, values)
    return Stream(spec, times, values)


def _gaps(spec: SensorSpec, rng: np.random.Generator, count: int) -> Floats:
    """Return gaps in seconds with the sensor's mean and rhythm."""
    if spec.rhythm == "jitter":
        gaps = 1.0 + 0.15 * rng.normal(size=count)
    elif spec.rhythm == "poisson":
        gaps = rng.exponential(1.0, count)
    elif spec.rhythm == "bursty":
        gaps = np.where(rng.random(count) < 0.75, 0.3, 3.1) * np.exp(0.25 * rng.normal(size=count))
    else:
        gaps = 1.0 + 0.01 * rng.normal(size=count)
    return np.maximum(gaps, 0.02) * spec.gap_seconds


def _signal(spec: SensorSpec, rng: np.random.Generator, times: Floats) -> Floats:
    """Return the signal at `times` with an amplitude of about 1."""
    turns = spec.phase + times / spec.period_seconds
    if spec.shape in ("sine", "quantised_sine"):
        return np.sin(2 * np.pi * turns)
    if spec.shape == "two_sines":
        fast = spec.phase + times / spec.second_period_seconds
        return np.sin(2 * np.pi * turns) + 0.5 * np.sin(2 * np.pi * fast)
    if spec.shape == "square":
        return np.where(turns % 1.0 < spec.duty, 1.0, -1.0)
    if spec.shape == "saw":
        return 2.0 * (turns % 1.0) - 1.0
    gaps = np.diff(times, prepend=times[:1])
    if spec.shape == "wander":
        return _wander(np.exp(-gaps / spec.memory_seconds), rng)
    return _steps(1.0 - np.exp(-gaps / spec.period_seconds), rng)


def _wander(memory: Floats, rng: np.random.Generator) -> Floats:
    """Return a stationary Ornstein-Uhlenbeck path of variance 1, given what each step remembers."""
    push = np.sqrt(1.0 - memory**2) * rng.normal(size=len(memory))
    out, level = np.empty(len(memory)), float(rng.normal())
    for i, (kept, pushed) in enumerate(zip(memory.tolist(), push.tolist(), strict=True)):
        level = kept * level + pushed
        out[i] = level
    return out


def _steps(chance: Floats, rng: np.random.Generator) -> Floats:
    """Return levels -1, 0, 1 that hold and jump with the given chance at each row."""
    jumps = rng.random(len(chance)) < chance
    jumps[:1] = True
    levels = rng.choice([-1.0, 0.0, 1.0], len(chance))
    return levels[np.maximum.accumulate(np.where(jumps, np.arange(len(chance)), 0))]


def inject(
    healthy: Stream, kind: FaultKind, rng: np.random.Generator, start: int, length: int = 1
) -> tuple[Stream, Fault]:
    """Return the stream with a fault put in, and its label.

    Args:
        healthy: left as it is.
        kind: what goes wrong.
        rng: source of the fault's size and side.
        start: index of the first row it concerns, at least 1.
        length: rows it concerns; a spike concerns one.
    """
    length = 1 if kind in ("spike", "contextual_spike") else length
    if kind not in FAULT_KINDS:
        raise ValueError(f"unknown fault {kind!r}; known are {', '.join(FAULT_KINDS)}")
    if not 1 <= start <= start + length < len(healthy) or length < 1:
        raise ValueError(
            f"a fault at rows {start}..{start + length - 1} does not fit a stream of {len(healthy)} rows; "
            "it needs one healthy row before and behind it"
        )
    if kind in ("rate_up", "rate_down", "silence"):
        return _rhythm_fault(healthy, kind, rng, start, length)
    values = healthy.values.copy()
    rows = slice(start, start + length)
    values[rows] = _faulty_values(healthy, kind, rng, start, length)
    label = Fault(kind, float(healthy.times[start]), float(healthy.times[start + length - 1]))
    return Stream(healthy.spec, healthy.times, values), label


def _faulty_values(
    healthy: Stream, kind: FaultKind, rng: np.random.Generator, start: int, length: int
) -> Floats:
    """Return what rows start..start+length-1 read under a fault of the values, [length, C]."""
    spec, was = healthy.spec, healthy.values[start : start + length]
    amplitude: Floats = np.array(spec.amplitude)
    offset: Floats = np.array(spec.offset)
    side = float(rng.choice([-1.0, 1.0]))
    if kind == "spike":
        return was + side * rng.uniform(2.5, 5.0) * amplitude
    if kind == "contextual_spike":
        away = was - offset
        plain = np.abs(away) > 0.3 * amplitude
        mirrored: Floats = np.where(plain, offset - away, was + side * amplitude)
        return mirrored
    if kind == "stuck":
        return _where_seen(was, np.broadcast_to(_held(healthy.values, start), was.shape))
    if kind == "drift":
        ramp = np.linspace(0.0, rng.uniform(1.5, 3.0), length + 1)[1:, None]
        return was + side * ramp * amplitude
    if kind == "variance":
        return was + 5.0 * spec.noise * amplitude * rng.normal(size=was.shape)
    if kind == "frequency":
        return _faster(healthy, start, length)
    return _decoupled(healthy, rng, start, length)


def _where_seen(was: Floats, new: Floats) -> Floats:
    """Return `new` where `was` holds a reading, NaN elsewhere."""
    out: Floats = np.where(np.isnan(was), np.nan, new)
    return out


def _held(values: Floats, start: int) -> Floats:
    """Return the last value of each channel observed up to row `start`, [C]."""
    before = values[: start + 1]
    seen = ~np.isnan(before)
    newest = np.where(seen.any(0), len(before) - 1 - np.argmax(seen[::-1], 0), 0)
    return np.asarray(before[newest, np.arange(values.shape[1])])


def _read_at(healthy: Stream, channel: int, times: Floats) -> Floats:
    """Return a channel interpolated at times, mirrored at the stream's ends."""
    seen = ~np.isnan(healthy.values[:, channel])
    known, values = healthy.times[seen], healthy.values[seen, channel]
    if not len(known):
        return np.full(len(times), np.nan)
    span = max(known[-1] - known[0], 1e-9)
    folded = np.abs((times - known[0] + span) % (2 * span) - span)
    read: Floats = np.interp(known[0] + folded, known, values)
    return read


def _faster(healthy: Stream, start: int, length: int) -> Floats:
    """Return the signal played 2.2 times as fast."""
    times = healthy.times[start : start + length]
    warped = times[0] + 2.2 * (times - times[0])
    fast = np.stack([_read_at(healthy, c, warped) for c in range(healthy.spec.channels)], 1)
    return _where_seen(healthy.values[start : start + length], fast)


def _decoupled(healthy: Stream, rng: np.random.Generator, start: int, length: int) -> Floats:
    """Return one channel taken from another time: in its range, but out of step with the others."""
    if healthy.spec.channels < 2:
        raise ValueError("decoupling needs a sensor of at least two channels")
    out = healthy.values[start : start + length].copy()
    channel = int(rng.integers(healthy.spec.channels))
    times = healthy.times[start : start + length]
    moved = _read_at(healthy, channel, times + rng.uniform(0.3, 0.7) * healthy.spec.period_seconds)
    out[:, channel] = _where_seen(out[:, channel], moved)
    return out


def _rhythm_fault(
    healthy: Stream, kind: FaultKind, rng: np.random.Generator, start: int, length: int
) -> tuple[Stream, Fault]:
    """Return a stream with rows added or taken away between two rows; values follow the same signal."""
    times, values, end = healthy.times, healthy.values, start + length
    label = Fault(kind, float(times[start]), float(times[end]))
    if kind == "rate_up":
        edges = times[start : end + 1]
        between = np.concatenate([np.linspace(a, b, 5)[1:-1] for a, b in pairwise(edges)])
        added = np.stack([_read_at(healthy, c, between) for c in range(healthy.spec.channels)], 1)
        added += healthy.spec.noise * np.array(healthy.spec.amplitude) * rng.normal(size=added.shape)
        all_times, all_values = np.concatenate([times, between]), np.concatenate([values, added])
        order = np.argsort(all_times, kind="stable")
        return Stream(healthy.spec, all_times[order], all_values[order]), label
    keep = np.ones(len(times), bool)
    keep[start:end] = np.arange(length) % 4 == 3 if kind == "rate_down" else False
    return Stream(healthy.spec, times[keep], values[keep]), label
