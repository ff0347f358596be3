"""Rules in engineering units, compiled: which limits hold for which channel of which sensor."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from typing import Literal

import numpy as np

Bound = Literal["above", "below", "rising", "falling"]

BOUNDS: tuple[Bound, ...] = ("above", "below", "rising", "falling")
_RATES: tuple[Bound, ...] = ("rising", "falling")
_UPWARDS: tuple[Bound, ...] = ("above", "rising")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Rule:
    """What some channels of some sensors must keep to; None = no bound.

    Attributes:
        sensor: pattern of ids with `*`, `?` and `[...]`.
        channel: pattern of channels.
        low, high: in the channel's unit, both still allowed.
        rise_per_second, fall_per_second: fastest change, over at least a second.
        for_seconds: how long it must be broken before it counts.
        hysteresis: how far inside of low or high a value must come again to keep to it.
        score: severity of breaking it, as events have it.
        unit: of the channel, for the sentence; empty = none.
        name: shown with it; empty = none.
    """

    sensor: str = "*"
    channel: str = "*"
    low: float | None = None
    high: float | None = None
    rise_per_second: float | None = None
    fall_per_second: float | None = None
    for_seconds: float = 0.0
    hysteresis: float = 0.0
    score: float = 1.0
    unit: str = ""
    name: str = ""

    def limits(self) -> Iterator[tuple[Bound, float]]:
        """Yield each bound that is set, with its limit."""
        values = (self.high, self.low, self.rise_per_second, self.fall_per_second)
        for bound, value in zip(BOUNDS, values, strict=True):
            if value is not None:
                yield bound, value


@dataclass(frozen=True, slots=True)
class Limit:
    """One bound of one rule for one channel.

    Attributes:
        rule: that sets it.
        channel: index in the group.
        bound: what crossing it is.
        value: as the rule has it.
    """

    rule: Rule
    channel: int
    bound: Bound
    value: float

    @property
    def key(self) -> int:
        """A number that stays the same for as long as the limit means the same; names and severity may change."""
        meaning = (self.rule.channel, self.channel, self.bound, self.value, self.rule.for_seconds)
        return zlib.crc32(repr(meaning).encode("utf-8", "backslashreplace"))


class Rulebook:
    """The limits of one group.

    Args:
        rules: in the order of the configuration.
        channels: of the group.

    Attributes:
        limits: all that concern one of the channels.
        channel: of each limit, intp [K].
        sign: 1 where larger is worse, -1 where smaller is, float64 [K].
        bound: the limit times its sign, float64 [K].
        is_rate: whether speed is what is limited, bool [K].
        for_seconds, hysteresis: float64 [K].
        score: float32 [K].
        key: as `Limit.key`, int64 [K].
    """

    def __init__(self, rules: Sequence[Rule], channels: tuple[str, ...]) -> None:
        self.limits: list[Limit] = []
        self._exact: dict[str, list[int]] = {}
        self._patterns: list[tuple[re.Pattern[str], list[int]]] = []
        for rule in rules:
            self._add(rule, channels)
        limits = self.limits
        self.channel = np.array([limit.channel for limit in limits], np.intp)
        self.sign = np.array([1.0 if limit.bound in _UPWARDS else -1.0 for limit in limits])
        self.is_rate = np.array([limit.bound in _RATES for limit in limits], np.bool_)
        self.bound = np.array([_comparable(limit) for limit in limits])
        self.for_seconds = np.array([limit.rule.for_seconds for limit in limits])
        self.hysteresis = np.array([0.0 if rate else one.rule.hysteresis for rate, one in self._each()])
        self.score = np.array([limit.rule.score for limit in limits], np.float32)
        self.key = np.array([limit.key for limit in limits], np.int64)

    def __len__(self) -> int:
        """Return the number of limits."""
        return len(self.limits)

    def of(self, sensor_id: str) -> list[int]:
        """Return the indexes of the limits that hold for a sensor, in the order of the configuration."""
        found = list(self._exact.get(sensor_id, ()))
        for pattern, limits in self._patterns:
            if pattern.match(sensor_id):
                found += limits
        return sorted(found)

    def _add(self, rule: Rule, channels: tuple[str, ...]) -> None:
        own = [c for c, channel in enumerate(channels) if fnmatchcase(channel, rule.channel)]
        new = [Limit(rule, c, bound, value) for c in own for bound, value in rule.limits()]
        if not new:
            return
        indexes = list(range(len(self.limits), len(self.limits) + len(new)))
        self.limits += new
        if _WILD.search(rule.sensor):
            self._patterns.append((re.compile(translate(rule.sensor)), indexes))
        else:
            # A list of a thousand sensors by name must not cost a thousand comparisons for each of them.
            self._exact.setdefault(rule.sensor, []).extend(indexes)

    def _each(self) -> Iterator[tuple[bool, Limit]]:
        return zip(self.is_rate.tolist(), self.limits, strict=True)


def _comparable(limit: Limit) -> float:
    # Values are float32: a reading of 0.1 must not be above a limit of 0.1.
    value = limit.value if limit.bound in _RATES else float(np.float32(limit.value))
    return -value if limit.bound == "below" else value
