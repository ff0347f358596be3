"""Rules in engineering units: what an operator knows of a sensor without any learning.

A rule says how low, how high and how fast a channel may be. It needs no history, so it holds from the first reading on.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Slots = NDArray[np.intp]
Bound = Literal["above", "below", "rising", "falling"]

BOUNDS: tuple[Bound, ...] = ("above", "below", "rising", "falling")
SURPRISE = np.float32(20.0)
"""What a broken rule counts: there is no chance about it."""

THRESHOLD = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """What some channels of some sensors must keep to; None = no bound.

    Attributes:
        sensor: pattern of ids with `*`, `?` and `[...]`.
        channel: pattern of channels.
        low, high: in the channel's unit, both still allowed.
        rise_per_second, fall_per_second: fastest change between two readings.
        for_seconds: how long it must be broken before it counts.
        score: severity of breaking it, as events have it.
        name: shown with it; empty = none.
    """

    sensor: str = "*"
    channel: str = "*"
    low: float | None = None
    high: float | None = None
    rise_per_second: float | None = None
    fall_per_second: float | None = None
    for_seconds: float = 0.0
    score: float = 1.0
    name: str = ""

    def limits(self) -> dict[Bound, float | None]:
        """Return the limit of each bound."""
        return dict(
            zip(BOUNDS, (self.high, self.low, self.rise_per_second, self.fall_per_second), strict=True)
        )


@dataclass(frozen=True, slots=True)
class Breach:
    """Which rule is broken, where and how.

    Attributes:
        channel: index.
        bound: that was crossed.
        limit: of that bound.
        name: of the rule.
    """

    channel: int
    bound: Bound
    limit: float
    name: str


class Rules:
    """The rules of one group over sensor slots.

    Args:
        rules: in the order of the configuration.
        channels: of the group.
        sensors: slots to make room for.
    """

    def __init__(self, rules: Sequence[Rule], channels: tuple[str, ...], sensors: int) -> None:
        self.rules = [rule for rule in rules if any(fnmatchcase(c, rule.channel) for c in channels)]
        self._of_channel = np.array(
            [[fnmatchcase(c, r.channel) for c in channels] for r in self.rules], np.bool_
        )
        count = len(self.rules)
        self._of_sensor = np.zeros((sensors if count else 0, count), np.bool_)
        shape = (sensors if count else 0, len(channels))
        self._last = np.full(shape, np.nan, np.float32)
        self._last_time = np.full(shape, -np.inf)
        self._since = np.full((shape[0], count), np.inf)
        self._broken = np.full((shape[0], 3), -1, np.int16)
        self.fingerprint = zlib.crc32(repr((self.rules, channels)).encode("utf-8", "backslashreplace"))

    def __bool__(self) -> bool:
        """Whether there is any rule for this group."""
        return bool(self.rules)

    def meet(self, slot: Slots, ids: Sequence[str]) -> None:
        """Look up which rules hold for new sensors."""
        for r, rule in enumerate(self.rules):
            self._of_sensor[slot, r] = [fnmatchcase(sensor_id, rule.sensor) for sensor_id in ids]

    def judge(
        self, slot: Slots, time_seconds: Doubles, values: Floats, mask: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Take one row of each of some sensors in; return its surprise and its score, float32 [n] each.

        NaN where no rule holds for what was observed.

        Args:
            slot: sensors [n], none twice.
            time_seconds: event times [n], each sensor's in order.
            values: as measured [n, C].
            mask: where observed [n, C].
        """
        before, passed = self._last[slot], time_seconds[:, None] - self._last_time[slot]
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = np.where(passed > 0, (values - before) / passed, np.nan)
        self._last[slot] = np.where(mask, values, before)
        self._last_time[slot] = np.where(mask, time_seconds[:, None], self._last_time[slot])
        surprise = np.full(len(slot), np.nan, np.float32)
        score = np.full(len(slot), np.nan, np.float32)
        for r, rule in enumerate(self.rules):
            here = mask & self._of_channel[r] & self._of_sensor[slot, r][:, None]
            judged = here.any(axis=1)
            crossed = here[:, :, None] & _crossed(rule, values, speed)
            broken = crossed.any(axis=(1, 2))
            since = np.where(broken, np.minimum(self._since[slot, r], time_seconds), np.inf)
            self._since[slot, r] = np.where(judged, since, self._since[slot, r])
            held = broken & (time_seconds - since >= rule.for_seconds)
            surprise = np.where(judged, np.fmax(surprise, np.where(held, SURPRISE, np.float32(0))), surprise)
            worse = held & ~(score >= rule.score)
            score = np.where(worse, np.float32(rule.score), score)
            first = crossed.reshape(len(slot), -1).argmax(axis=1)
            told = np.stack([np.full(len(slot), r), first // len(BOUNDS), first % len(BOUNDS)], axis=1)
            self._broken[slot[worse]] = told[worse]
        return surprise, score

    def breach(self, slot: int) -> Breach | None:
        """Return what a sensor broke last, None if nothing."""
        r, channel, bound = self._broken[slot].tolist() if self.rules else (-1, 0, 0)
        if r < 0:
            return None
        rule = self.rules[r]
        limit = rule.limits()[BOUNDS[bound]]
        return None if limit is None else Breach(channel, BOUNDS[bound], limit, rule.name)

    def take(self, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the state of some sensors, for a snapshot."""
        if not self.rules:
            return {}
        state = {name: array[slots] for name, array in self._arrays().items()}
        return state | {"fingerprint": np.full(len(slots), self.fingerprint, np.int64)}

    def put(self, slots: Slots, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state of some sensors by what `take` returned, where it is of the same rules."""
        if not self.rules or not np.array_equal(
            state.get("fingerprint", np.zeros(0)), np.full(len(slots), self.fingerprint)
        ):
            return
        for name, array in self._arrays().items():
            array[slots] = state[name]

    def nbytes(self) -> int:
        """Return the memory of the state."""
        return self._of_sensor.nbytes + sum(array.nbytes for array in self._arrays().values())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "last": self._last,
            "last_time": self._last_time,
            "since": self._since,
            "broken": self._broken,
        }


def _crossed(rule: Rule, values: Floats, speed: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which bounds are crossed, bool [n, C, bounds]; a bound that is not set never is."""
    crossed = np.zeros((*values.shape, len(BOUNDS)), np.bool_)
    for b, (value, sign) in enumerate(((values, 1.0), (values, -1.0), (speed, 1.0), (-speed, 1.0))):
        limit = rule.limits()[BOUNDS[b]]
        if limit is not None:
            with np.errstate(invalid="ignore"):
                crossed[:, :, b] = sign * value > sign * limit
    return crossed
