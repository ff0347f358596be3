"""Repeats of log events."""

from __future__ import annotations

from typing import Any

import pytest
from structlog import DropEvent

from offbeat.observe.log_limits import RepeatLimiter, once_per


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def passes(limiter: RepeatLimiter, event: str, **fields: Any) -> Any:
    """What becomes of an event: its fields, or None where it is held back."""
    try:
        return dict(limiter(None, "warning", {"event": event, **fields}))
    except DropEvent:
        return None


def test_a_repeat_is_held_back_and_counted() -> None:
    """The first passes at once; the next after the time says how many did not."""
    clock = Clock()
    limiter = RepeatLimiter(clock)
    assert passes(limiter, "a", **once_per(30)) == {"event": "a"}
    assert [passes(limiter, "a", **once_per(30)) for _ in range(3)] == [None] * 3
    clock.now = 30.0
    assert passes(limiter, "a", **once_per(30)) == {"event": "a", "repeated": 3}
    clock.now = 61.0
    assert passes(limiter, "a", **once_per(30)) == {"event": "a"}


def test_events_of_other_words_or_keys_pass() -> None:
    """Each is limited by itself."""
    limiter = RepeatLimiter(Clock())
    assert passes(limiter, "a", **once_per(30, "x")) is not None
    assert passes(limiter, "a", **once_per(30, "y")) is not None
    assert passes(limiter, "b", **once_per(30, "x")) is not None
    assert passes(limiter, "a", **once_per(30, "x")) is None


def test_unmarked_events_always_pass() -> None:
    """However often."""
    limiter = RepeatLimiter(Clock())
    assert [passes(limiter, "a") for _ in range(3)] == [{"event": "a"}] * 3


def test_memory_of_kinds_is_bounded() -> None:
    """The one longest unheard of is forgotten."""
    limiter = RepeatLimiter(Clock(), capacity=2)
    for event in "abc":
        passes(limiter, event, **once_per(30))
    assert passes(limiter, "c", **once_per(30)) is None
    assert passes(limiter, "a", **once_per(30)) is not None


def test_seconds_are_a_number() -> None:
    """The mark travels with the event and is taken off on the way."""
    assert once_per(1.5, "k") == {"_once_per": (1.5, "k")}
    with pytest.raises(TypeError):
        once_per()  # type: ignore[call-arg]
