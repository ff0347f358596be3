"""How many real sensors are told to be silent in their first minutes, by how much a silence has to outdo the pauses.

Recorded arrivals are played from many beginnings as if each were a sensor's first reading, at a usual gap of a second.
Nobody knows which of their long pauses were outages: the figure is the price of asking for less, not of false alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.sensors import SensorDirectory
from tests.benchmarks.detection.recorded import LABELLED, UNLABELLED, present, read_set
from tests.benchmarks.live.needed import CHANNEL, readings_at
from tests.benchmarks.table import Line, skipped

WHAT = "real sensors told to be silent within their first ten minutes"
SECONDS = 600
BEGINNINGS = 20
"""Of each recording."""
STRICTER_SECONDS = 600.0
"""For the reference: twice as much of a sensor in its first five minutes."""


def measure(_folder: Path) -> list[Line]:
    """Return the one line: the rule as it is beside one that asks for twice as much."""
    by_set = {name: _lives(name) for name in present((*LABELLED, *UNLABELLED))}
    lives = [(name, life) for name, some in by_set.items() for life in some]
    if not lives:
        return [skipped(WHAT, "", "no recorded sets are there; name their folder by OFFBEAT_DATA")]
    usual = EpisodeRules()
    ours, stricter = _told(lives, usual), _told(lives, EpisodeRules(silent_known_seconds=STRICTER_SECONDS))
    counted = ", ".join(
        f"{name} {told} of {len(by_set[name])}" for name, told in sorted(ours.items()) if by_set[name]
    )
    note = (
        f"{BEGINNINGS} beginnings of each recording whose gaps vary, a median gap taken for a second; "
        f"a sensor known for less than {usual.silent_known_seconds:g} s has to be silent for longer in proportion, "
        f"in the reference one known for less than {STRICTER_SECONDS:g} s; by set {counted}."
    )
    told = ours.total()
    return [
        Line(
            WHAT,
            f"{told} of {len(lives)}",
            f"{stricter.total()} of {len(lives)}",
            told / max(stricter.total(), 1),
            notes=(note,),
        )
    ]


def _lives(name: str) -> list[NDArray[np.float64]]:
    """Return the first minutes of sensors, beginning at 0, whose rhythm is that of one set's recordings."""
    out = []
    for one in read_set(name).series:
        times = np.unique(one.times_seconds)
        gaps = np.diff(times)
        if len(gaps) < SECONDS or np.ptp(gaps) == 0.0:
            continue  # too short, or without any pause to tell of
        random = np.random.default_rng(len(times))
        for begin in random.integers(0, len(times) - SECONDS // 2, BEGINNINGS):
            life = (times[begin:] - times[begin]) / np.median(gaps)
            out.append(life[life < SECONDS])
    return out


def _told(lives: Sequence[tuple[str, NDArray[np.float64]]], rules: EpisodeRules) -> Counter[str]:
    """Return how many of each set were told to be silent and spoke again, by the clock of the seconds."""
    pipeline = Pipeline(SensorDirectory([(CHANNEL,)], len(lives)), CoreSettings(episodes=rules))
    slots = {pipeline.directory.admit(0, f"life-{number}"): number for number in range(len(lives))}
    rows = sorted((float(at), slot) for slot, number in slots.items() for at in lives[number][1])
    last = {f"life-{number}": float(life[-1]) for number, (_, life) in enumerate(lives)}
    told: set[str] = set()
    for second, some in groupby(rows, lambda row: int(row[0])):
        for work in pipeline.ingest(readings_at(list(some))):
            pipeline.scored(work, None)
        for event in pipeline.tick(float(second + 1)).events:
            if event.kind == "silent" and second + 1 < last[event.sensor]:
                told.add(event.sensor)
    return Counter(lives[int(sensor.removeprefix("life-"))][0] for sensor in told)
