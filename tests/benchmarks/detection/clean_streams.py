"""Long streams of sensors with nothing wrong: whatever is raised on them is a false alert.

Each kind obeys one law for ever, but most of them wander, switch or jump: what is ordinary for a sensor is seldom white
noise around a level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from offbeat.core.sensors import UNIVARIATE
from offbeat.replay.series import Series

Floats = NDArray[np.float64]
Law = Callable[[Floats, np.random.Generator], Floats]

DAY_SECONDS = 86_400.0
START_SECONDS = 1_700_000_000.0


def clean_streams(
    seed: int, sensors: int, gap_seconds: tuple[float, float], span_seconds: float
) -> list[Series]:
    """Return recordings of clean sensors: all kinds and rhythms in turn, the same for the same seed.

    Args:
        seed: of all randomness.
        sensors: how many.
        gap_seconds: range of mean gaps, log-uniform.
        span_seconds: of every recording.
    """
    kinds, rhythms = list(KINDS.items()), list(RHYTHMS.values())
    streams = []
    for i in range(sensors):
        random = np.random.default_rng((seed, i))
        gap = float(np.exp(random.uniform(*np.log(gap_seconds))))
        name, law = kinds[i % len(kinds)]
        times = _times(rhythms[i // len(kinds) % len(rhythms)], gap, span_seconds, random)
        values = 10.0 ** random.uniform(-1, 3) * law(times, random) + random.uniform(-50, 50)
        streams.append(Series(f"{name}-{i:03d}", UNIVARIATE, times, values[:, None].astype(np.float32)))
    return streams


def _times(rhythm: Law, gap: float, span_seconds: float, random: np.random.Generator) -> Floats:
    rows = int(1.1 * span_seconds / gap) + 10
    gaps = np.maximum(gap * rhythm(np.zeros(rows), random), 1e-3)
    times = START_SECONDS + np.cumsum(gaps)
    return times[times < START_SECONDS + span_seconds]


RHYTHMS: dict[str, Law] = {
    "regular": lambda x, random: 1.0 + random.normal(0, 0.01, len(x)),
    "jitter": lambda x, random: random.uniform(0.5, 1.5, len(x)),
    "poisson": lambda x, random: random.exponential(1.0, len(x)),
    "bursty": lambda x, random: (
        np.where(random.random(len(x)) < 0.5, 0.2, 1.8) * random.uniform(0.8, 1.2, len(x))
    ),
}
"""Laws of the gaps, in mean gaps."""


def _wander(times: Floats, memory_seconds: float, random: np.random.Generator) -> Floats:
    """Return an Ornstein-Uhlenbeck process of variance 1 at irregular times."""
    keep = np.exp(-np.diff(times, prepend=times[0]) / memory_seconds)
    pushes = (np.sqrt(1.0 - keep**2) * random.standard_normal(len(times))).tolist()
    level, out = float(random.standard_normal()), []
    for kept, push in zip(keep.tolist(), pushes, strict=True):
        level = kept * level + push
        out.append(level)
    return np.array(out)


def _median_gap(times: Floats) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def _daily(times: Floats, random: np.random.Generator) -> Floats:
    return np.sin(2 * np.pi * (times / DAY_SECONDS + random.uniform()))


def _noise(times: Floats, random: np.random.Generator) -> Floats:
    return random.standard_normal(len(times))


def _short_memory(times: Floats, random: np.random.Generator) -> Floats:
    return _wander(times, 20 * _median_gap(times), random) + 0.2 * _noise(times, random)


def _long_memory(times: Floats, random: np.random.Generator) -> Floats:
    return _wander(times, 300 * _median_gap(times), random) + 0.1 * _noise(times, random)


def _day(times: Floats, random: np.random.Generator) -> Floats:
    return _daily(times, random) + 0.3 * _short_memory(times, random)


def _heavy(times: Floats, random: np.random.Generator) -> Floats:
    return _wander(times, 10 * _median_gap(times), random) + 0.3 * random.standard_t(4, len(times))


def _quantised(times: Floats, random: np.random.Generator) -> Floats:
    return np.round(_wander(times, 30 * _median_gap(times), random) / 0.25) * 0.25


def _skewed(times: Floats, random: np.random.Generator) -> Floats:
    return np.exp(0.7 * _wander(times, 15 * _median_gap(times), random)) + 0.02 * _noise(times, random)


def _counts(times: Floats, random: np.random.Generator) -> Floats:
    return random.poisson(8.0 * np.exp(0.5 * _daily(times, random))).astype(np.float64)


def _machine(times: Floats, random: np.random.Generator) -> Floats:
    """Return two levels that take turns, with noise and the course of a day."""
    on = _wander(times, 40 * _median_gap(times), random) > 0.3
    return np.where(on, 3.0, 0.0) + 0.2 * _noise(times, random) + 0.3 * _daily(times, random)


def _set_points(times: Floats, random: np.random.Generator) -> Floats:
    """Return levels that are chosen anew now and then, approached and held."""
    gap = _median_gap(times)
    changes = times[0] + np.cumsum(
        random.exponential(60 * gap, int(2 * (times[-1] - times[0]) / (60 * gap)) + 2)
    )
    levels = random.integers(0, 6, len(changes) + 1).astype(np.float64)
    return levels[np.searchsorted(changes, times)] + 0.05 * _noise(times, random)


KINDS: dict[str, Law] = {
    "noise": _noise,
    "short-memory": _short_memory,
    "long-memory": _long_memory,
    "day": _day,
    "heavy-tailed": _heavy,
    "quantised": _quantised,
    "skewed": _skewed,
    "counts": _counts,
    "machine": _machine,
    "set-points": _set_points,
}
"""What the sensors measure."""
