"""How long to wait before the next attempt: doubling, bounded, jittered so that a fleet is out of step."""

from __future__ import annotations

from random import Random


class Backoff:
    """Waits that double from `minimum_seconds` to `maximum_seconds`, each drawn from its upper half.

    Args:
        minimum_seconds: of the first wait.
        maximum_seconds: that no wait goes beyond.
        random: where the jitter comes from.
    """

    def __init__(self, minimum_seconds: float, maximum_seconds: float, random: Random) -> None:
        self._minimum = minimum_seconds
        self._maximum = max(minimum_seconds, maximum_seconds)
        self._random = random
        self._next = minimum_seconds

    def next_seconds(self) -> float:
        """Return how long to wait now, and make the next wait twice as long."""
        base = self._next
        self._next = min(self._maximum, base * 2)
        return base * (0.5 + 0.5 * self._random.random())

    def longest_seconds(self) -> float:
        """Return a wait at the upper end, for a fault that haste makes worse."""
        self._next = self._maximum
        return self.next_seconds()

    def reset(self) -> None:
        """Start from the shortest wait again, after a success."""
        self._next = self._minimum
