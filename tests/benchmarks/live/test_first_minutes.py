"""The first minutes: what is sent, and which alerts count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from tests.benchmarks.live.first_minutes import FAULT_SECONDS, SECONDS, faulty, told

BEGAN = 1_700_000_000.0


def an_event(sensor: str, kind: str, after: float, event: str = "open") -> dict[str, Any]:
    """Return an event as it is published, so long after the first reading."""
    at = datetime.fromtimestamp(BEGAN + after, UTC).isoformat()
    return {"event": event, "sensor": f"first.{sensor}", "kind": kind, "updated_at": at}


def test_half_of_the_sensors_fall_silent_and_half_stand_still() -> None:
    """Each shape and each rhythm is among both, and all are well until then."""
    sensors = faulty(28)
    silent = [one for one, kind in sensors if kind == "silence"]
    stuck = [one for one, kind in sensors if kind == "stuck"]
    assert (len(silent), len(stuck)) == (14, 14)
    for some in (silent, stuck):
        assert len({one.spec.shape for one in some}) == 7
        assert len({one.spec.rhythm for one in some}) == 4
    assert all(one.times[-1] < FAULT_SECONDS + 1.0 for one in silent)
    assert all(SECONDS - 30.0 < one.times[-1] < SECONDS for one in stuck)
    for one in stuck:
        assert len(np.unique(one.values[one.times >= FAULT_SECONDS])) == 1


def test_an_alert_counts_if_it_says_what_is_wrong_after_it_went_wrong() -> None:
    """The first of them; others are of something else, or came before, and are counted as that."""
    events = [
        an_event("a", "silent", 100.0),
        an_event("a", "silent", 190.0),
        an_event("a", "silent", 250.0),
        an_event("b", "level", 180.0),
        an_event("b", "stuck", 210.0, "update"),
        {**an_event("c", "silent", 190.0), "sensor": "suite.c"},
    ]
    begun = {"first.a": BEGAN, "first.b": BEGAN}
    found, early = told(events, begun, {"a": "silence", "b": "stuck"})
    assert found == {"a": 190.0, "b": None}
    assert early == 1
