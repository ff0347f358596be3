"""Rules of fusion to be compared: which streams, how their surprises become one, and whether peaks are held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core import fusion
from offbeat.core.fusion import Fusion
from offbeat.core.streams import registry
from tests.benchmarks.detection.fused import CHEAP, Surprises, columns_of, moves_on

PROCESS = registry.TRACKS.index("process")
PROCESS_STREAMS = tuple(
    name
    for name, track in zip(registry.STREAM_NAMES, registry.STREAM_TRACKS, strict=True)
    if track == "process"
)
CHEAP_PROCESS = tuple(name for name in PROCESS_STREAMS if name in CHEAP)
FIVE = ("level", "level_mean", "linear", "linear_mean", "jump")
WITHOUT_MODEL = "without the model"
"""All streams that need no model, as the core fuses them."""

Floats = NDArray[np.float32]
Together = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to make a severity of surprises.

    Attributes:
        streams: that are heard.
        together: makes one surprise of those of a row, [n, K] to [n]; NaN = no opinion. None = as the core does, with
            the votes that it gives each stream; in all others each has one.
        held: whether peaks are held and a long mean is added, as in the core.
    """

    streams: Sequence[str]
    together: Together | None = None
    held: bool = True


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
        "one vote each, plain mean": Rule(cheap, _mean),
        "one vote each, power mean 1.5": Rule(cheap, power_mean(1.5)),
        "one vote each, power mean 2": Rule(cheap, power_mean(2.0)),
        "max(mean, half of the largest)": Rule(cheap, half_of_largest),
        "mean of the two largest": Rule(cheap, mean_of_two_largest),
        "each up to 4, mean": Rule(cheap, capped_mean),
        "the largest": Rule(cheap, largest),
        "neither hold nor long mean": Rule(cheap, held=False),
    }


def severities(sensors: Sequence[Surprises], rules: Mapping[str, Rule]) -> dict[str, list[Floats]]:
    """Return the severity of the process track of each sensor's rows by rule, [n] each; 0 without an opinion.

    What a rule makes of a row is given to the core's fusion as if a single stream had said it: holding and the
    long mean are the core's. All sensors and rules pass through it side by side, which is what makes many rules
    cheap.
    """
    moves = [moves_on(one.times_seconds) for one in sensors]
    said = [_said(one.surprise, rules) for one in sensors]
    held = _held(sensors, moves, [g[kept] for g, kept in zip(said, moves, strict=True)])
    out: dict[str, list[Floats]] = {}
    for column, (name, rule) in enumerate(rules.items()):
        out[name] = [
            np.nan_to_num(f[np.cumsum(kept) - 1, column] if rule.held else g[:, column], nan=0.0)
            for f, g, kept in zip(held, said, moves, strict=True)
        ]
    return out


def _said(surprise: Floats, rules: Mapping[str, Rule]) -> Floats:
    """Return what each rule makes of each row, [n, rules]."""
    process = columns_of(PROCESS_STREAMS)
    columns = [_by_rule(surprise, rule, columns_of(rule.streams) & process) for rule in rules.values()]
    return np.stack(columns, axis=1).astype(np.float32)


def _by_rule(surprise: Floats, rule: Rule, heard: NDArray[np.bool_]) -> Floats:
    """Return what a rule makes of the streams [K] that it hears, [n]."""
    said = surprise[:, heard]
    return fusion.together(said, registry.VOTES[heard]) if rule.together is None else rule.together(said)


def _held(
    sensors: Sequence[Surprises], moves: Sequence[NDArray[np.bool_]], said: Sequence[Floats]
) -> list[Floats]:
    """Pass rows that move time on through the core's fusion; return the severities [rows, rules] by sensor."""
    rules = said[0].shape[1] if said else 0
    order = sorted(range(len(said)), key=lambda index: -len(said[index]))
    lengths = np.array([len(said[index]) for index in order], np.intp)
    gaps = [one.gaps_seconds for one in sensors]
    units = np.array([sensors[index].unit_seconds for index in order])
    core, column = Fusion(len(said) * rules), int(np.argmax(columns_of(PROCESS_STREAMS)))
    held = [np.full(g.shape, np.nan, np.float32) for g in said]
    alive = np.searchsorted(-lengths, -np.arange(1, int(lengths.max(initial=0)) + 1), side="right")
    for row, count in enumerate(alive.tolist()):
        here = order[:count]
        surprise = np.full((count * rules, len(registry.STREAM_NAMES)), np.nan, np.float32)
        surprise[:, column] = np.concatenate([said[index][row] for index in here])
        gap_seconds = np.repeat([gaps[index][row] for index in here], rules)
        gap = (gap_seconds / np.repeat(units[:count], rules)).astype(np.float32)
        severity = core.update(np.arange(count * rules), gap_seconds, gap, surprise).severity[:, PROCESS]
        for place, index in enumerate(here):
            held[index][row] = severity[place * rules : (place + 1) * rules]
    return held


def _mean(surprise: Floats) -> Floats:
    known = ~np.isnan(surprise)
    total = np.where(known, surprise, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan).astype(np.float32)
