"""How long to wait before the next attempt: doubling, bounded, jittered so that a fleet is out of step."""

from __future__ import annotations

from random import Random

from offbeat.config.broker_url import Address
from offbeat.config.settings import MqttSettings

NEAR_SECONDS = 2.0
"""Between attempts at a broker on this machine: nobody else tries it at the same time, and it costs nothing to ask."""


def backoff_of(settings: MqttSettings, address: Address, random: Random) -> Backoff:
    """Return the waits between attempts at a broker; that on this machine is found soon, however long it was away."""
    longest = settings.reconnect_max_seconds
    usual = min(NEAR_SECONDS, longest) if address.is_this_machine else longest
    return Backoff(settings.reconnect_min_seconds, longest, random, usual)


class Backoff:
    """Waits that double from `minimum_seconds` to `maximum_seconds`, each drawn from its upper half.

    Args:
        minimum_seconds: of the first wait.
        maximum_seconds: that no wait goes beyond.
        random: where the jitter comes from.
        usual_seconds: that waits go beyond only after a fault that haste makes worse; None = `maximum_seconds`.
    """

    def __init__(
        self,
        minimum_seconds: float,
        maximum_seconds: float,
        random: Random,
        usual_seconds: float | None = None,
    ) -> None:
        self._minimum = minimum_seconds
        self._maximum = max(minimum_seconds, maximum_seconds)
        self._usual = self._maximum if usual_seconds is None else max(minimum_seconds, usual_seconds)
        self._random = random
        self._next = minimum_seconds

    def next_seconds(self) -> float:
        """Return how long to wait now, and make the next wait twice as long."""
        wait = self._drawn(self._next)
        self._next = min(self._usual, self._next * 2)
        return wait

    def longest_seconds(self) -> float:
        """Return a wait at the upper end, for a fault that haste makes worse."""
        self._next = self._usual
        return self._drawn(self._maximum)

    def reset(self) -> None:
        """Start from the shortest wait again, after a success."""
        self._next = self._minimum

    def _drawn(self, base: float) -> float:
        return base * (0.5 + 0.5 * self._random.random())
