"""What daemons published, held against the faults: recall at 1 % of calm windows alarmed, and alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from offbeat.replay.splits import Splits
from tests.benchmarks.detection.injected import recall_by_fault
from tests.benchmarks.detection.judge import Alarms, Scored, judge_alarms
from tests.benchmarks.detection.suite import Cases, largest_by_window
from tests.benchmarks.live.daemons import SUITE
from tests.benchmarks.live.playing import Said

MEAN, SILENCE = "mean", "silence"
"""Of a recall by fault."""
BY_CLOCK = "silent"
"""Alerts that go by the clock and not by the times of readings: played faster than time they mean nothing."""


def recalls(played: Cases, said: Said) -> dict[str, dict[str, float]]:
    """Return the recall by fault and the mean: by what opens alerts (`alarm`), and by the score (`score`)."""
    times = {one.sensor: one.times_seconds for one in played.series}
    by = {"alarm": said.alarm, "score": said.score}
    return {
        name: recall_by_fault(played.windows, largest_by_window(played.windows, times, one))
        for name, one in by.items()
    }


def by_clock(recall: Mapping[str, float], told: float) -> dict[str, float]:
    """Return the recall by fault and the mean, the silences being those that were told of in real time.

    Args:
        recall: by fault, with the mean.
        told: share of the sensors of which it was told that they are silent.
    """
    faults = {kind: found for kind, found in recall.items() if kind != MEAN} | {SILENCE: told}
    return faults | {MEAN: float(np.mean(list(faults.values())))}


def alerts(
    played: Cases, events: Iterable[Mapping[str, Any]], test_from: Mapping[str, float], shift_seconds: float
) -> Alarms:
    """Return what the alerts were worth that a daemon published.

    Args:
        played: sensors and windows.
        events: as published.
        test_from: where the faults begin, by sensor, in the times of `played`.
        shift_seconds: from these times to those that were published.
    """
    opened: dict[str, list[float]] = {}
    for event in events:
        if event["event"] == "open" and event["kind"] != BY_CLOCK:
            at = datetime.fromisoformat(event["updated_at"]).timestamp() - shift_seconds
            opened.setdefault(event["sensor"].removeprefix(f"{SUITE}."), []).append(at)
    faults: dict[str, list[tuple[float, float]]] = {}
    for window in played.windows:
        if window.kind is not None:
            faults.setdefault(window.copy, []).append((window.start, window.end))
    rows = {one.sensor: Scored(one.times_seconds, np.zeros(len(one))) for one in played.series}
    return judge_alarms(rows, opened, faults, Splits(by_sensor=dict(test_from)))
