"""Sensors that send in real time until all of them fall silent at once, and who is told to be silent by the clock.

What is played faster than time teaches a daemon gaps of milliseconds, and of a silence it shows the reading that ends
it. So these sensors are played beside all the rest at a reading a second, and are then waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from offbeat_models.synthetic import Rhythm, Stream, stream
from tests.benchmarks.detection import suite
from tests.benchmarks.live.daemons import STEADY
from tests.benchmarks.live.needed import silence_needed
from tests.benchmarks.live.pace import Pace

SILENT_SECONDS = 120.0
"""No silence is waited for any longer."""
LOOK_SECONDS = 1.0
LONGEST_SECONDS = 1800.0
"""So much the sensors have to say: more than the section takes."""


@dataclass(frozen=True, slots=True)
class Silences:
    """What came of it.

    Attributes:
        rhythms: law of the gaps of each sensor.
        heard_seconds: for how long the sensors were heard before.
        told: by daemon, seconds from the last reading of a sensor to the alert that it is silent, by its name.
        early: by daemon, alerts of silence before.
        needed: how long each sensor has to be silent by what was heard of it; see `silence_needed`.
    """

    rhythms: Mapping[str, Rhythm]
    heard_seconds: float
    told: Mapping[str, Mapping[str, float]]
    early: Mapping[str, int]
    needed: Mapping[str, float]

    def share(self, daemon: str) -> float:
        """Return the share of the sensors that a daemon told of."""
        return len(self.told[daemon]) / len(self.rhythms)


class Teller(Protocol):
    """What tells of silences; see `LiveDaemon`."""

    @property
    def name(self) -> str:
        """Of the daemon."""

    def events(self) -> list[dict[str, Any]]:
        """Return the alerts that it has published."""


def steady(sensors: int) -> list[Stream]:
    """Return what healthy sensors of the suite say at a reading a second, from time 0 on."""
    out = []
    for number, spec in enumerate(suite.paced(suite.univariate(sensors)).specs):
        random = suite.random_for(number, spec.name, "steady")
        healthy = stream(spec, random, suite.START_SECONDS, span=LONGEST_SECONDS)
        out.append(Stream(spec, healthy.times - suite.START_SECONDS, healthy.values))
    return out


def fall_silent(pace: Pace, streams: Sequence[Stream], daemons: Sequence[Teller]) -> Silences:
    """Let the sensors say no more; return when all daemons have told of all of them, or told enough time.

    Args:
        pace: that publishes them.
        streams: what they say.
        daemons: that hear them.
    """
    pace.stop()
    last = {f"{STEADY}.{name}": times[-1] for name, times in pace.sent.items() if times}
    end = max(last.values()) + SILENT_SECONDS
    found = {one.name: told(one.events(), last) for one in daemons}
    while time.time() < end and any(len(after) < len(last) for after, _ in found.values()):
        time.sleep(LOOK_SECONDS)
        found = {one.name: told(one.events(), last) for one in daemons}
    return Silences(
        rhythms={one.spec.name: one.spec.rhythm for one in streams},
        heard_seconds=max(last.values()) - pace.began,
        told={name: after for name, (after, _) in found.items()},
        early={name: early for name, (_, early) in found.items()},
        needed=silence_needed(pace.sent),
    )


def told(events: Iterable[Mapping[str, Any]], last: Mapping[str, float]) -> tuple[dict[str, float], int]:
    """Return the seconds from last readings to the alerts of silence within the time, and how many came before.

    Args:
        events: as published.
        last: unix seconds of the last reading, by sensor id.
    """
    out: dict[str, float] = {}
    early = 0
    for event in events:
        if event["event"] != "open" or event["kind"] != "silent" or event["sensor"] not in last:
            continue
        after = datetime.fromisoformat(event["updated_at"]).timestamp() - last[event["sensor"]]
        name = event["sensor"].removeprefix(f"{STEADY}.")
        if after <= 0:
            early += 1
        elif after <= SILENT_SECONDS:
            out.setdefault(name, after)
    return out, early
