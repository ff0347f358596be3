"""Rules of fusion to be compared: which streams, how their surprises become one, and whether peaks are held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core import fusion, horizon
from offbeat.core.streams import registry
from tests.benchmarks.detection.fused import (
    CHEAP,
    DEFAULT,
    Fusing,
    Surprises,
    columns_of,
    said_again,
    scored_by,
)

PROCESS = registry.TRACKS.index("process")
PROCESS_STREAMS = tuple(
    name
    for name, track in zip(registry.STREAM_NAMES, registry.STREAM_TRACKS, strict=True)
    if track == "process"
)
CHEAP_PROCESS = tuple(name for name in PROCESS_STREAMS if name in CHEAP)
FIVE = ("level", "level_mean", "linear", "linear_mean", "jump")
WITHOUT_MODEL = "without the model"
"""All streams that need no model, as the core makes a score of them."""
HALF_LIFE_GAPS, LONG_CAP = 4.0, np.float32(4.0)
"""Of a peak that is held, in usual gaps, but by half in a row at most; what counts of a row in the long mean."""

Floats = NDArray[np.float32]
Together = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to make a severity of surprises.

    Attributes:
        streams: that are heard.
        together: makes one surprise of those of a row, [n, K] to [n]; NaN = no opinion. The core's, if not another.
        votes: of each of `registry.MOVEMENT`: as if it stood there so many times.
        held: whether peaks are held, and half of a mean over hours is added.
    """

    streams: Sequence[str]
    together: Together = fusion.together
    votes: int = 1
    held: bool = False


def power_mean(power: float) -> Together:
    """Return the mean of powers, as a power of the same size."""

    def together(surprise: Floats) -> Floats:
        return _mean(np.maximum(surprise, np.float32(0.0)) ** np.float32(power)) ** np.float32(1.0 / power)

    return together


def largest(surprise: Floats) -> Floats:
    """Return the largest surprise of each row."""
    return np.asarray(np.fmax.reduce(surprise, axis=1), np.float32)


def mean_of_two_largest(surprise: Floats) -> Floats:
    """Return the mean of the two streams that are most surprised."""
    ordered = np.sort(np.where(np.isnan(surprise), -np.inf, surprise), axis=1)[:, -2:]
    return _mean(np.where(np.isfinite(ordered), ordered, np.nan))


def capped_mean(surprise: Floats) -> Floats:
    """Return the mean of surprises that count up to 4 each."""
    return _mean(np.minimum(surprise, 4.0))


def half_of_largest(surprise: Floats) -> Floats:
    """Return the mean, or half of the largest less the price of having looked K times if that is more."""
    known = np.maximum((~np.isnan(surprise)).sum(axis=1), 1)
    loudest = 0.5 * (largest(surprise) - np.log10(known))
    return np.asarray(np.fmax(_mean(surprise), loudest), np.float32)


def rules() -> dict[str, Rule]:
    """Return the rules that decision 3 compares, over the streams that need no model."""
    cheap = CHEAP_PROCESS
    return {
        WITHOUT_MODEL: Rule(cheap),
        "mean of five": Rule(FIVE),
        **{f"without {name}": Rule(tuple(n for n in cheap if n != name)) for name in cheap},
        **shapes(),
        "max(mean, half of the largest)": Rule(cheap, half_of_largest),
        "mean of the two largest": Rule(cheap, mean_of_two_largest),
        "each up to 4, mean": Rule(cheap, capped_mean),
        "the largest": Rule(cheap, largest),
    }


def shapes() -> dict[str, Rule]:
    """Return the rules between which the injected suite was asked to choose, too."""
    cheap = CHEAP_PROCESS
    return {
        "plain mean": Rule(cheap, _mean),
        "power mean 2": Rule(cheap, power_mean(2.0)),
        **{f"{votes} votes for movement": Rule(cheap, votes=votes) for votes in (2, 3, 5)},
        "peaks held, and half of a long mean": Rule(cheap, held=True),
    }


def severities(sensors: Sequence[Surprises], rules: Mapping[str, Rule]) -> dict[str, list[Floats]]:
    """Return what each rule makes of the process track of each sensor's rows, [n] each; NaN without an opinion."""
    return {name: _by_rule(sensors, rule) for name, rule in rules.items()}


def fusing_by(rule: Rule) -> Fusing:
    """Return what fuses surprises by track [n, Q] as the default's score is made, but for the process track."""

    def fused(sensors: Sequence[Surprises]) -> list[Floats]:
        out = scored_by(DEFAULT)(sensors)
        for tracks, process in zip(out, _by_rule(sensors, rule), strict=True):
            tracks[:, PROCESS] = process
        return out

    return fused


def _by_rule(sensors: Sequence[Surprises], rule: Rule) -> list[Floats]:
    heard = np.flatnonzero(columns_of(rule.streams) & columns_of(PROCESS_STREAMS))
    again = np.flatnonzero(columns_of(rule.streams) & columns_of(registry.MOVEMENT))
    heard = np.concatenate([heard, *[again] * (rule.votes - 1)])
    said = [rule.together(one.surprise[:, heard]).astype(np.float32) for one in sensors]
    if rule.held:
        said = held(sensors, said)
    return [said_again(one.times_seconds, g) for one, g in zip(sensors, said, strict=True)]


def held(sensors: Sequence[Surprises], said: Sequence[Floats]) -> list[Floats]:
    """Return what was said of rows, held as a peak that fades, plus half of its mean over four hours, [n] each.

    All sensors side by side, row by row.
    """
    shape = (len(sensors), max(map(len, said), default=0))
    g, seconds, gap = np.full(shape, np.nan, np.float32), np.full(shape, np.nan), np.full(shape, np.nan)
    for at, (one, rows) in enumerate(zip(sensors, said, strict=True)):
        g[at, : len(rows)] = rows
        seconds[at, : len(rows)] = np.diff(one.times_seconds, prepend=np.nan)
        gap[at] = seconds[at] / one.unit_seconds
    keep, fade = horizon.decay(seconds, gap), np.exp2(-np.nan_to_num(gap, nan=1.0) / HALF_LIFE_GAPS)
    peak, mean, weight = (np.zeros(len(sensors), np.float32) for _ in range(3))
    for row, (now, known) in enumerate(zip(g.T.copy(), ~np.isnan(g.T), strict=True)):
        peak = np.fmax(peak * np.fmax(fade[:, row], 0.5), now).astype(np.float32)
        mean, weight = horizon.fade(mean, weight, np.minimum(now, LONG_CAP), keep[:, row], known)
        g[:, row] = np.where(known, peak + np.float32(0.5) * mean, np.float32(np.nan))
    return [rows[: len(one)] for rows, one in zip(g, said, strict=True)]


def _mean(surprise: Floats) -> Floats:
    known = ~np.isnan(surprise)
    total = np.where(known, surprise, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan).astype(np.float32)
