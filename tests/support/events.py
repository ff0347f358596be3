"""Episode events for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from offbeat.core.events import EpisodeEvent, Evidence, Expected

_EXAMPLE = EpisodeEvent(
    id="3f9a",
    event="open",
    sensor="line1.pump",
    family="process",
    kind="value",
    severity="warning",
    score=1.75,
    p_value=0.00012,
    started_at=1_700_000_000.0,
    updated_at=1_700_000_060.25,
    ended_at=None,
    message="line1.pump reads 81.2, expected 40 to 60.",
    observed={"value": 81.2},
    expected={"value": Expected(50.0, 40.0, 60.0)},
    contributions={"value": 1.0},
    streams={"level": 5.5},
    evidence=Evidence(256, 0.98, 12.5, 1),
    model=("lstm_vae", "2026-11-20"),
)


def an_event(**changes: Any) -> EpisodeEvent:
    """Return an ordinary event with some attributes changed."""
    return replace(_EXAMPLE, **changes)


def events_of(sensor: str, count: int, start: float = 1_700_000_000.0) -> list[EpisodeEvent]:
    """Return events of one episode of a sensor, a second apart."""
    return [
        an_event(
            id=f"{sensor}-{start:.0f}",
            sensor=sensor,
            event="open" if i == 0 else "update",
            updated_at=start + i,
        )
        for i in range(count)
    ]
