"""A sensor's first five minutes in real time, a reading a second: when the daemon misses it, or finds it stuck."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from offbeat_models.synthetic import FaultKind, Rhythm, Stream, inject, stream
from tests.benchmarks.detection import suite
from tests.benchmarks.live.daemons import FIRST, LiveDaemon
from tests.benchmarks.live.needed import silence_needed
from tests.benchmarks.live.pace import rows_of, sending

SECONDS = 300.0
FAULT_SECONDS = 150.0
"""After its first reading a sensor falls silent, or stands still."""
LOOK_SECONDS = 2.0
VAE = "window"
"""The detector that is the VAE's: how well it reconstructs the window around a reading."""
_SPARE_ROWS = 100
_KINDS: tuple[FaultKind, ...] = ("silence", "stuck")
_TOLD_AS = {"silence": "silent", "stuck": "stuck"}


@dataclass(slots=True)
class FirstMinutes:
    """What came of it.

    Attributes:
        kinds: fault of each sensor.
        rhythms: law of the gaps of each sensor.
        told: seconds from the first reading of a sensor to the alert about its fault; None = none came.
        early: alerts before the faults.
        backed: seconds from a sensor's first reading to its first reading that the VAE spoke of.
        votes: whether what the VAE says takes part in scores.
        needed: how long each that falls silent has to be so by what was heard of it; see `silence_needed`.
        p_values: what the daemon says of the newest reading of each that stands still, at the end.
        latest_seconds: how long after its time a reading was published, at most.
    """

    kinds: dict[str, FaultKind]
    rhythms: dict[str, Rhythm]
    told: dict[str, float | None] = field(default_factory=dict)
    early: int = 0
    backed: dict[str, float] = field(default_factory=dict)
    votes: bool = False
    needed: dict[str, float] = field(default_factory=dict)
    p_values: dict[str, float] = field(default_factory=dict)
    latest_seconds: float = 0.0


def live_through(daemon: LiveDaemon, port: int, sensors: int) -> FirstMinutes:
    """Publish at the sensors' own pace until all faults are told, five minutes at most.

    Args:
        daemon: that hears them.
        port: of the broker.
        sensors: in all; half of them fall silent, half stand still.
    """
    played = faulty(sensors)
    kinds = {one.spec.name: kind for one, kind in played}
    out = FirstMinutes(
        kinds, {one.spec.name: one.spec.rhythm for one, _ in played}, told=dict.fromkeys(kinds)
    )
    with sending(port, FIRST, rows_of(one for one, _ in played)) as pace:
        while time.time() < pace.began + SECONDS and None in out.told.values():
            time.sleep(LOOK_SECONDS)
            begun = {f"{FIRST}.{name}": times[0] for name, times in pace.sent.items() if times}
            _look_for_the_vae(daemon, out, begun)
            out.told, out.early = told(daemon.events(), begun, kinds)
    newest = daemon.newest(f"{FIRST}.", sensors)
    for name, kind in kinds.items():
        said = newest.get(f"{FIRST}.{name}")
        if kind == "stuck" and said is not None and said["p_value"] is not None:
            out.p_values[name] = said["p_value"]
    silent = {name: pace.sent[name] for name, kind in kinds.items() if kind == "silence"}
    out.needed, out.latest_seconds = silence_needed(silent), pace.latest_seconds
    return out


def told(
    events: Iterable[Mapping[str, Any]], begun: Mapping[str, float], kinds: Mapping[str, FaultKind]
) -> tuple[dict[str, float | None], int]:
    """Return the seconds from first readings to the alerts about the faults, and how many alerts came before them.

    Args:
        events: as published.
        begun: unix seconds of the first reading, by sensor id.
        kinds: fault by the sensor's name within the suite.
    """
    out: dict[str, float | None] = dict.fromkeys(kinds)
    early = 0
    for event in events:
        if event["event"] != "open" or event["sensor"] not in begun:
            continue
        name = event["sensor"].removeprefix(f"{FIRST}.")
        after = datetime.fromisoformat(event["updated_at"]).timestamp() - begun[event["sensor"]]
        if after < FAULT_SECONDS:
            early += 1
        elif event["kind"] == _TOLD_AS[kinds[name]] and out[name] is None:
            out[name] = after
    return out, early


def _look_for_the_vae(daemon: LiveDaemon, out: FirstMinutes, begun: Mapping[str, float]) -> None:
    for name in out.kinds:
        sensor = f"{FIRST}.{name}"
        if name in out.backed or sensor not in begun:
            continue
        known = daemon.sensor(sensor)
        voices = [] if known is None else [one for one in known["voices"] if one["stream"] == VAE]
        if known is not None and voices and known["score"] is not None:
            out.backed[name] = known["window"]["times"][-1] - begun[sensor]
            out.votes = voices[0]["votes"]


def faulty(sensors: int) -> list[tuple[Stream, FaultKind]]:
    """Return five minutes of sensors, each with its fault from `FAULT_SECONDS` on, at times from 0 on."""
    out = []
    for number, spec in enumerate(suite.paced(suite.univariate(sensors)).specs):
        random = suite.random_for(number, spec.name, "first minutes")
        healthy = stream(spec, random, suite.START_SECONDS, int(SECONDS) + _SPARE_ROWS)
        shifted = Stream(spec, healthy.times - suite.START_SECONDS, healthy.values)
        first = int(np.searchsorted(shifted.times, FAULT_SECONDS))
        kind = _KINDS[(number % 7 + number // 7) % 2]  # each shape and each rhythm has both
        faulty, _ = inject(shifted, kind, random, first, len(shifted) - first - 1)
        keep = faulty.times < SECONDS
        out.append((Stream(spec, faulty.times[keep], faulty.values[keep]), kind))
    return out
