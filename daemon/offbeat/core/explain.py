"""What can be said about a reading: its expected band, which channel is strange, how much was seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.bands import DEVIATIONS
from offbeat.core.events import Evidence, Expected
from offbeat.core.streams.pace import GAPS, log_of
from offbeat_models.windows import unsquash

Floats = NDArray[np.float32]

_NORMAL = np.array([0.0, -DEVIATIONS, DEVIATIONS], np.float32)
FEWEST_BEATEN = 10
"""A value is called the highest only if it beats at least so many readings."""


@dataclass(frozen=True, slots=True)
class Past:
    """The window of one sensor up to the moment that is spoken of, ascending in time.

    Attributes:
        times_seconds: float64 [L].
        values: float32 [L, C].
        mask: bool [L, C].
    """

    times_seconds: NDArray[np.float64]
    values: Floats
    mask: NDArray[np.bool_]

    def until(self, time_seconds: float) -> Past:
        """Return the part that is not newer than a time."""
        end = int(np.searchsorted(self.times_seconds, time_seconds, side="right"))
        return Past(self.times_seconds[:end], self.values[:end], self.mask[:end])

    def newest(self) -> Floats:
        """Return the newest value of each channel, NaN where there is none, [C]."""
        seen = self.mask.any(axis=0)
        if not len(self.mask):
            return np.full(self.values.shape[1], np.nan, np.float32)
        last = len(self.mask) - 1 - np.argmax(self.mask[::-1], axis=0)
        return np.where(seen, self.values[last, np.arange(len(last))], np.float32(np.nan))

    def channel(self, c: int) -> tuple[NDArray[np.float64], Floats]:
        """Return times and values of one channel."""
        seen = self.mask[:, c]
        return self.times_seconds[seen], self.values[seen, c]


def pace_seconds(past: Past, usual_gap_seconds: float) -> float:
    """Return how far apart the newest readings came, as the stream of the pace means it: a pause counts as bounded.

    Args:
        past: of the sensor.
        usual_gap_seconds: its median gap; what a pause is bounded by.

    Returns:
        The geometric mean of the newest gaps; NaN where there are not enough of them, or none is usual.
    """
    gaps = np.diff(past.times_seconds)
    gaps = gaps[gaps > 0][-GAPS:]
    if len(gaps) < GAPS or not usual_gap_seconds > 0:
        return math.nan
    logs = log_of((gaps / usual_gap_seconds).astype(np.float32))
    return usual_gap_seconds * math.exp(float(logs.mean(dtype=np.float64)))


def bands(
    newest: Floats, center: Floats, scale: Floats, mean: Floats | None, sigma: Floats | None
) -> list[Expected | None]:
    """Return the band of each channel: the model's where it has one, else the normaliser's, else None.

    A model that follows a lasting deviation comes to expect it. Where a value is inside the model's band and
    outside the normaliser's, it is the latter that says why it is strange.

    Args:
        newest: value of each channel [C]; NaN = none.
        center: of the normaliser [C].
        scale: of the normaliser [C]; 0 = unknown.
        mean: the model's, squashed [C]; NaN or None = it had no say.
        sigma: the model's deviation, likewise.
    """
    normal = [_band(_NORMAL, center[c], scale[c]) for c in range(len(center))]
    if mean is None or sigma is None:
        return normal
    said = unsquash(np.stack([mean, mean - DEVIATIONS * sigma, mean + DEVIATIONS * sigma]))
    model = [_band(said[:, c], center[c], scale[c]) for c in range(len(center))]
    return [
        n if m is None or (_inside(v, m) and not _inside(v, n)) else m
        for v, m, n in zip(newest.tolist(), model, normal, strict=True)
    ]


def _band(z: Floats, center: np.float32, scale: np.float32) -> Expected | None:
    """Return (mean, low, high) in the sensor's units; None without a normaliser or if a number is missing."""
    mean, low, high = (z.astype(np.float64) * float(scale) + float(center)).tolist()
    known = scale > 0 and math.isfinite(mean) and math.isfinite(low) and math.isfinite(high)
    return Expected(mean, low, high) if known else None


def _inside(value: float, band: Expected | None) -> bool:
    return band is not None and band.low <= value <= band.high


def evidence(past: Past, late: int) -> Evidence:
    """Return how much was seen: rows in the window, their share of what was to be expected, longest gap."""
    times = past.times_seconds
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return Evidence(len(times), 1.0 if len(times) else 0.0, 0.0, late)
    expected = float(times[-1] - times[0]) / float(np.median(gaps)) + 1.0
    return Evidence(len(times), min(len(times) / expected, 1.0), float(gaps.max()), late)


def extreme(past: Past, c: int, band: Expected | None) -> tuple[str | None, float]:
    """Return whether the newest value of a channel is the "highest" or "lowest", and since when.

    Only a value outside its band is called so, and only if it beats enough readings.
    """
    times, values = past.channel(c)
    if band is None or len(values) <= FEWEST_BEATEN or band.low <= values[-1] <= band.high:
        return None, math.nan
    is_high = bool(values[-1] > band.high)
    before = values[:-1]
    reached = np.flatnonzero(before >= values[-1] if is_high else before <= values[-1])
    start = int(reached[-1]) if len(reached) else 0
    beaten = len(before) - start - bool(len(reached))
    if beaten < FEWEST_BEATEN:
        return None, math.nan
    return "highest" if is_high else "lowest", float(times[start])


def standing_still(past: Past) -> tuple[int, float, int]:
    """Return (channel, seconds, readings) of the channel whose value has not changed for the longest time."""
    best = (0, math.nan, 0)
    for c in range(past.values.shape[1]):
        times, values = past.channel(c)
        if not len(values):
            continue
        moved = np.flatnonzero(values[1:] != values[:-1])
        start = int(moved[-1]) + 1 if len(moved) else 0
        seconds = float(times[-1] - times[start])
        if not best[1] >= seconds:
            best = (c, seconds, len(values) - start)
    return best
