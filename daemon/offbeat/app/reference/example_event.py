"""An event as `offbeat demo` publishes it, for the page about events."""

from __future__ import annotations

from offbeat.core.events import EpisodeEvent, Evidence, Expected
from offbeat.publish.state_topics import SensorState

OPENED_AT = 1_772_497_800.0

EXAMPLE = EpisodeEvent(
    id="9a0f3c5e6d1b48f2d07c41ab",
    event="open",
    sensor="press.flow",
    family="process",
    kind="level",
    severity="critical",
    score=3.2,
    p_value=6.8e-07,
    started_at=OPENED_AT,
    updated_at=OPENED_AT + 4.25,
    ended_at=None,
    message="press.flow reads 37.9; expected 21.3 to 25.3. Highest since 22:30 UTC; score 3.2.",
    observed={"value": 37.9},
    expected={"value": Expected(23.3, 21.3, 25.3)},
    contributions={"value": 1.0},
    streams={"level": 6.4, "jump": 5.1, "linear": 5.8, "variance": 1.2},
    evidence=Evidence(256, 0.98, 12.5, 0),
    model=("lstm_vae", "97e977528ba7"),
)
STATE = SensorState("press.flow", OPENED_AT + 4.25, 3.2, 6.8e-07, ("level",))
