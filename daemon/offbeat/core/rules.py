"""Which rules in engineering units each sensor breaks: state over sensor slots.

A rule needs no history of the sensor, so it holds from the first reading on. What is known of a channel is its last
reading: a limit stays broken until that channel says otherwise, whatever other channels report meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.rulebook import Limit, Rule, Rulebook

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Slots = NDArray[np.intp]

SURPRISE = np.float32(20.0)
"""What a broken rule counts: there is no chance about it."""

THRESHOLD = np.float32(1.0)
BEYOND = np.float32(0.75)
"""What a reading beyond a limit counts before it was there for long enough: it opens nothing, and is not calm."""

SHORTEST_SECONDS = 1.0
"""A change is looked at over at least this time: two messages that a network held up and let go together would be
infinitely fast, and noise is fast from one reading to the next."""

_ROUNDING = float(np.finfo(np.float32).eps)
_NOTHING = -1


@dataclass(frozen=True, slots=True)
class Standing:
    """How some sensors stand to their rules; columns of equal length.

    Attributes:
        surprise: `SURPRISE` where a limit is broken for long enough, `BEYOND` where not yet, else 0, float32 [n].
        score: of the gravest such limit, NaN without one, float32 [n].
        start: when the first such limit began to count, event time, float64 [n]; infinite without one.
        applies: whether any rule is for the sensor, bool [n].
    """

    surprise: Floats
    score: Floats
    start: Doubles
    applies: Bools


class Rules:
    """The rules of one group over sensor slots. A sensor's limits are looked up once, when it is met.

    Args:
        rules: in the order of the configuration.
        channels: of the group.
        sensors: slots to make room for.
    """

    def __init__(self, rules: Sequence[Rule], channels: tuple[str, ...], sensors: int) -> None:
        self.book = Rulebook(rules, channels)
        slots = sensors if len(self.book) else 0
        rated = slots if self.book.is_rate.any() else 0
        self._waits = bool((self.book.for_seconds > 0).any())
        self._which = np.full((slots, 0), _NOTHING, np.int32)
        self._since = np.full((slots, 0), np.inf)
        self._seen = np.full((slots, 0), np.inf)
        self._held = np.zeros((slots, 0), np.bool_)
        self._told = np.full(slots, _NOTHING, np.int64)
        self._last = np.full((rated, len(channels)), np.nan, np.float32)
        self._last_time = np.full((rated, len(channels)), -np.inf)

    def __bool__(self) -> bool:
        """Whether there is any rule for this group."""
        return len(self.book) > 0

    def meet(self, slot: Slots, ids: Sequence[str]) -> None:
        """Look up which limits hold for new sensors."""
        if not self:
            return
        found = [self.book.of(sensor_id) for sensor_id in ids]
        self._widen(max(map(len, found), default=0))
        for at, limits in zip(slot.tolist(), found, strict=True):
            self._which[at, : len(limits)] = limits

    def judge(
        self, slot: Slots, time_seconds: Doubles, seen_seconds: Doubles, values: Floats, mask: Bools
    ) -> Standing:
        """Take one row of each of some sensors in.

        Args:
            slot: sensors [n], none twice.
            time_seconds: event times [n], each sensor's in order.
            seen_seconds: log times [n].
            values: as measured [n, C].
            mask: where observed [n, C].
        """
        if not self:
            return _nothing(len(slot))
        book, which = self.book, self._which[slot]
        k, row = np.maximum(which, 0), np.arange(len(slot))[:, None]
        channel, rate = book.channel[k], book.is_rate[k]
        speed, passed = self._speed(slot, time_seconds, values, mask)
        x = np.where(rate, speed[row, channel], values[row, channel]) * book.sign[k]
        was = np.isfinite(self._since[slot])
        with np.errstate(invalid="ignore"):  # a speed that is not known crosses nothing
            crossed = x > book.bound[k] - np.where(was, book.hysteresis[k], 0.0)
        # Too soon after the last look at its speed a channel that is not too fast yet says nothing.
        says = (which >= 0) & mask[row, channel]
        says &= ~rate | crossed | (passed[row, channel] >= SHORTEST_SECONDS)
        since, seen = self._since[slot], self._seen[slot]
        begins, ends = says & crossed & ~was, says & ~crossed
        since = np.where(begins, time_seconds[:, None], np.where(ends, np.inf, since))
        seen = np.where(begins, seen_seconds[:, None], np.where(ends, np.inf, seen))
        held = (self._held[slot] & np.isfinite(since)) | (
            np.isfinite(since) & (time_seconds[:, None] - since >= book.for_seconds[k])
        )
        self._since[slot], self._seen[slot], self._held[slot] = since, seen, held
        return self._standing(slot)

    def wait(self, now: float, listening_since: float) -> tuple[Slots, Standing] | None:
        """Let time pass: return sensors whose last readings have by now broken a limit for long enough, or None.

        Args:
            now: log time.
            listening_since: log time from which on another reading could have been heard.
        """
        if not self._waits:
            return None
        k = np.maximum(self._which, 0)
        # How fast a value changes is known of two readings, and not of the time after them.
        waiting = np.isfinite(self._seen) & ~self._held & ~self.book.is_rate[k]
        slot = np.flatnonzero(waiting.any(axis=1))
        if not len(slot):
            return None
        elapsed = now - np.maximum(self._seen[slot], listening_since)
        late = waiting[slot] & (elapsed >= self.book.for_seconds[k[slot]])
        self._held[slot] |= late
        slot = slot[late.any(axis=1)]
        return (slot, self._standing(slot)) if len(slot) else None

    def breach(self, slot: int) -> Limit | None:
        """Return the gravest limit that a sensor broke when it last broke one; None if that is not known."""
        if not self or self._told[slot] == _NOTHING:
            return None
        own = self._which[slot]
        match = np.flatnonzero((own >= 0) & (self.book.key[np.maximum(own, 0)] == self._told[slot]))
        return self.book.limits[int(own[match[0]])] if len(match) else None

    def forget(self, slots: Slots) -> None:
        """Forget what some sensors have broken and how they stood: they begin anew with their next reading."""
        if not self:
            return
        self._since[slots], self._seen[slots], self._held[slots] = np.inf, np.inf, False
        if len(self._last):
            self._last[slots], self._last_time[slots] = np.nan, -np.inf

    def take(self, slots: Slots) -> dict[str, NDArray[Any]]:
        """Return copies of the state of some sensors, for a snapshot."""
        if not self:
            return {}
        state = {name: array[slots] for name, array in self._arrays().items()}
        own = self._which[slots]
        return state | {"key": np.where(own >= 0, self.book.key[np.maximum(own, 0)], _NOTHING)}

    def put(self, slots: Slots, state: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state of sensors that were met by what `take` returned, where the limits are still the same."""
        if not self or "key" not in state:
            return
        own = self._which[slots]
        key = np.where(own >= 0, self.book.key[np.maximum(own, 0)], _NOTHING)
        per_limit = {name: array[slots] for name, array in self._per_limit().items()}
        for j in range(state["key"].shape[1]):
            same = (key == state["key"][:, j, None]) & (key != _NOTHING)
            for name, array in per_limit.items():
                array[same] = np.broadcast_to(state[name][:, j, None], same.shape)[same]
        for name, array in self._per_limit().items():
            array[slots] = per_limit[name]
        self._told[slots] = state["told"]
        if len(self._last) and "last" in state:
            self._last[slots], self._last_time[slots] = state["last"], state["last_time"]

    def nbytes(self) -> int:
        """Return the memory of the state."""
        return self._which.nbytes + sum(array.nbytes for array in self._arrays().values())

    def _speed(
        self, slot: Slots, time_seconds: Doubles, values: Floats, mask: Bools
    ) -> tuple[Doubles, Doubles]:
        """Return the change a second of each channel and over what time; NaN and infinity where not known."""
        if not len(self._last):
            return np.full(values.shape, np.nan), np.full(values.shape, np.inf)
        before, at = self._last[slot].astype(np.float64), self._last_time[slot]
        passed = time_seconds[:, None] - at
        change, rounding = values - before, _ROUNDING * (np.abs(values) + np.abs(before))
        change = np.sign(change) * np.maximum(np.abs(change) - rounding, 0.0)
        speed = change / np.maximum(passed, SHORTEST_SECONDS)
        look = mask & (passed >= SHORTEST_SECONDS)
        self._last[slot] = np.where(look, values, self._last[slot])
        self._last_time[slot] = np.where(look, time_seconds[:, None], at)
        return speed, passed

    def _standing(self, slot: Slots) -> Standing:
        which, held = self._which[slot], self._held[slot]
        if not which.shape[1]:
            return _nothing(len(slot))
        k = np.maximum(which, 0)
        score = np.where(held, self.book.score[k], np.float32(-np.inf))
        start = np.where(held, self._since[slot] + self.book.for_seconds[k], np.inf).min(axis=1)
        broken, worst = held.any(axis=1), score.argmax(axis=1)
        beyond = np.isfinite(self._since[slot]).any(axis=1)
        gravest = k[np.arange(len(slot)), worst]
        self._told[slot[broken]] = self.book.key[gravest[broken]]
        return Standing(
            surprise=np.where(broken, SURPRISE, np.where(beyond, BEYOND, np.float32(0))),
            score=np.where(broken, score.max(axis=1), np.float32(np.nan)),
            start=start,
            applies=np.asarray((which >= 0).any(axis=1), np.bool_),
        )

    def _widen(self, limits: int) -> None:
        """Make room for so many limits of each sensor."""
        more = ((0, 0), (0, max(0, limits - self._which.shape[1])))
        self._which = np.pad(self._which, more, constant_values=_NOTHING)
        self._since = np.pad(self._since, more, constant_values=np.inf)
        self._seen = np.pad(self._seen, more, constant_values=np.inf)
        self._held = np.pad(self._held, more)

    def _per_limit(self) -> dict[str, NDArray[Any]]:
        return {"since": self._since, "seen": self._seen, "held": self._held}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        told = {"told": self._told}
        rates = {"last": self._last, "last_time": self._last_time} if len(self._last) else {}
        return self._per_limit() | told | rates


def _nothing(count: int) -> Standing:
    return Standing(
        surprise=np.zeros(count, np.float32),
        score=np.full(count, np.nan, np.float32),
        start=np.full(count, np.inf),
        applies=np.zeros(count, np.bool_),
    )
