"""Waits between attempts."""

from __future__ import annotations

from random import Random

import pytest

from offbeat.config.broker_url import parse_address
from offbeat.config.settings import MqttSettings
from offbeat.link.backoff import Backoff, backoff_of


def test_waits_double_up_to_the_longest_and_are_jittered() -> None:
    """Each lies in the upper half of its step."""
    backoff = Backoff(1.0, 30.0, Random(5))
    steps = [1, 2, 4, 8, 16, 30, 30]
    waits = [backoff.next_seconds() for _ in steps]
    assert all(step / 2 <= wait <= step for step, wait in zip(steps, waits, strict=True))
    assert len(set(waits)) == len(waits)


def test_a_success_starts_over() -> None:
    """The next wait is short again."""
    backoff = Backoff(1.0, 30.0, Random(5))
    assert backoff.longest_seconds() >= 15.0
    assert backoff.next_seconds() >= 15.0
    backoff.reset()
    assert backoff.next_seconds() <= 1.0


def test_a_longest_wait_below_the_shortest_is_no_trap() -> None:
    """The shortest wins."""
    assert Backoff(5.0, 1.0, Random(5)).next_seconds() >= 2.5


def waits_of(url: str) -> list[float]:
    """Return the first waits between attempts at a broker that stays away."""
    backoff = backoff_of(MqttSettings(url=url), parse_address(url), Random(5))
    return [backoff.next_seconds() for _ in range(8)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_broker_on_this_machine_is_asked_every_other_second(host: str) -> None:
    """However long it was away, it is heard soon after it is back."""
    waits = waits_of(f"mqtt://{host}:1883")
    assert max(waits) <= 2.0
    assert min(waits[1:]) >= 1.0


def test_a_broker_elsewhere_is_not_hammered() -> None:
    """A whole fleet may wait for it."""
    assert min(waits_of("mqtt://broker.example:1883")[5:]) >= 15.0


def test_one_on_this_machine_that_refuses_is_not_hammered_either() -> None:
    """A wrong password does not mend itself; who finds nobody after that asks soon again."""
    address = parse_address("mqtt://localhost")
    backoff = backoff_of(MqttSettings(url="mqtt://localhost"), address, Random(5))
    assert backoff.longest_seconds() >= 15.0
    assert backoff.next_seconds() <= 2.0
