"""An event as `offbeat demo` publishes it, for the page about events."""

from __future__ import annotations

from offbeat.core.events import EpisodeEvent, Evidence, Expected
from offbeat.publish.state_topics import SensorState

OPENED_AT = 1_795_804_949.152

EXAMPLE = EpisodeEvent(
    id="f282f64505dde0c70e4398ae",
    event="open",
    sensor="press.flow",
    family="process",
    kind="spike",
    severity="critical",
    score=6.01,
    p_value=1.4e-13,
    started_at=OPENED_AT,
    updated_at=OPENED_AT,
    ended_at=None,
    message="press.flow reads 37.9; expected 21.4 to 24.9. Highest since 18:41 UTC; score 6.",
    observed={"value": 37.9},
    expected={"value": Expected(23.2, 21.4, 24.9)},
    contributions={"value": 1.0},
    streams={
        "shape": 7.5,
        "level": 7.1,
        "jump": 7.1,
        "adaptive": 7.1,
        "linear": 6.4,
        "variance": 3.7,
        "unrest": 2.6,
    },
    evidence=Evidence(209, 0.77, 1.7, 0),
    model=("lstm_vae", "b7e035e6e5bd"),
)
STATE = SensorState(
    EXAMPLE.sensor, OPENED_AT, EXAMPLE.score, EXAMPLE.p_value, ("value",), model=EXAMPLE.model
)
