"""An event as `offbeat demo` publishes it, for the page about events."""

from __future__ import annotations

from offbeat.core.events import EpisodeEvent, Evidence, Expected
from offbeat.publish.state_topics import SensorState

OPENED_AT = 1_795_800_480.0

EXAMPLE = EpisodeEvent(
    id="9a0f3c5e6d1b48f2d07c41ab",
    event="open",
    sensor="press.flow",
    family="process",
    kind="spike",
    severity="critical",
    score=6.01,
    p_value=6.0e-15,
    started_at=OPENED_AT,
    updated_at=OPENED_AT,
    ended_at=None,
    message="press.flow reads 37.9; expected 21.5 to 25. Highest since 17:26 UTC; score 6.",
    observed={"value": 37.9},
    expected={"value": Expected(23.3, 21.5, 25.0)},
    contributions={"value": 1.0},
    streams={"jump": 14.6, "level": 13.9, "linear": 12.2, "variance": 2.7},
    evidence=Evidence(212, 0.98, 2.5, 0),
    model=("lstm_vae", "97e977528ba7"),
)
STATE = SensorState(
    EXAMPLE.sensor, OPENED_AT, EXAMPLE.score, EXAMPLE.p_value, ("value",), model=EXAMPLE.model
)
