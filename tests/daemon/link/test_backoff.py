"""Waits between attempts."""

from __future__ import annotations

from random import Random

from offbeat.link.backoff import Backoff


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
