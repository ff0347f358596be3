"""Silence in real time: what is sent, and which alerts count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.live.pace import Pace
from tests.benchmarks.live.silences import SILENT_SECONDS, Silences, fall_silent, steady, told

LAST = 1_700_000_000.0


def an_event(sensor: str, after: float, kind: str = "silent", event: str = "open") -> dict[str, Any]:
    """Return an event as it is published, so long after the last reading."""
    at = datetime.fromtimestamp(LAST + after, UTC).isoformat()
    return {"event": event, "sensor": f"steady.{sensor}", "kind": kind, "updated_at": at}


def test_the_sensors_are_those_of_the_suite_at_a_reading_a_second() -> None:
    """Each rhythm is among them, and they have more to say than the section takes."""
    streams = steady(28)
    assert {one.spec.rhythm for one in streams} == {"jitter", "poisson", "bursty", "regular"}
    for one in streams:
        assert one.times[0] == 0.0
        assert one.times[-1] > 1700.0
        assert np.diff(one.times).mean() == pytest.approx(1.0, abs=0.15)


def test_an_alert_counts_if_it_tells_of_silence_in_time() -> None:
    """Those before are counted for themselves; what is not of these sensors is not."""
    events = [
        an_event("a", -50.0),
        an_event("a", 30.0),
        an_event("a", 31.0, event="update"),
        an_event("b", 40.0, kind="level"),
        an_event("c", SILENT_SECONDS + 1.0),
        {**an_event("d", 10.0), "sensor": "suite.d"},
    ]
    last = dict.fromkeys(("steady.a", "steady.b", "steady.c"), LAST)
    found, early = told(events, last)
    assert found == {"a": 30.0}
    assert early == 1


class Prompt:
    """A daemon that tells of every silence at once.

    Args:
        pace: of the sensors.
    """

    name = "prompt"

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def events(self) -> list[dict[str, Any]]:
        """Return an alert of each sensor, a second behind its last reading."""
        return [an_event(name, times[-1] + 1.0 - LAST) for name, times in self._pace.sent.items() if times]


def test_nobody_is_waited_for_once_all_are_told_of() -> None:
    """The share is of all sensors."""
    streams = steady(2)
    pace = Pace(lambda *_: None, "steady", [(0.0, one.spec.name, 0.0) for one in streams])
    pace.run()
    found = fall_silent(pace, streams, [Prompt(pace)])
    assert found.told["prompt"] == pytest.approx({one.spec.name: 1.0 for one in streams}, abs=0.01)
    assert (found.share("prompt"), found.early) == (1.0, {"prompt": 0})
    assert set(found.needed) == set(found.rhythms)


def test_half_of_the_sensors_is_half() -> None:
    """Whatever the others did."""
    found = Silences(
        {"a": "regular", "b": "bursty"}, 400.0, {"one": {"a": 20.0}}, {"one": 0}, {"a": 20.0, "b": 90.0}
    )
    assert found.share("one") == 0.5
