"""Recall of injected faults at 1 % of healthy windows alarmed, by fault and detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import play_group
from offbeat.app.training import TrainedGroup, TrainingPlan, train_group, without_doubtful
from offbeat.core.streams import registry
from offbeat.replay.judged import JudgedSeries
from offbeat_models.evaluation import recall_at
from tests.benchmarks.detection import suite
from tests.benchmarks.detection.copies import knowing_copies
from tests.benchmarks.detection.fused import CHEAP, DEFAULT, Bag, Surprises, largest
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.detection.silence_law import SilenceLaw
from tests.benchmarks.detection.suite import Cases, Fleet, Window, window_rows

FALSE_SHARE = 0.01
HYBRID, EVERY, SIMPLE, SILENCE = "hybrid", "with the model's values", "simple bag", "silence"
"""The default; with all that the model says; without the model."""
TRACK_SHARE = {"process": 1.0, "rhythm": 0.5, "stuck": 1.0}
"""Chances are divided by these before tracks are compared: what rows say of their gaps stands beside silence, which is
told of the same gaps, and in service, too, it has a smaller part of the budget than values have."""
FLEETS = {"univariate": suite.univariate, "multichannel": suite.multichannel}

Rowwise = list[NDArray[np.float32]]


def measure(
    fleet: str,
    seed: int = 0,
    family: str = "lstm_vae",
    contamination: float = 0.0,
    windows: int = suite.WINDOWS,
) -> dict[str, Any]:
    """Learn a fleet, play its faults, return the recall by detector and fault.

    Args:
        fleet: name of `FLEETS`.
        seed: of the model's training and of the signals.
        family: of the model.
        contamination: share of the readings to learn from that are anomalous.
        windows: of each fault and sensor.
    """
    sensors = FLEETS[fleet]()
    past = (
        suite.contaminated_history(sensors, seed, contamination)
        if contamination
        else suite.history(sensors, seed)
    )
    played = suite.cases(sensors, seed, windows)
    said = scores(sensors, past, played, plan_for(past, seed, family))
    return {
        "recall": {name: recall_by_fault(played.windows, one) for name, one in said.items()},
        "sensors": len(sensors.specs),
        "windows": {str(kind): count for kind, count in _counts(played.windows).items()},
    }


def scores(
    fleet: Fleet, past: Sequence[suite.Series], played: Cases, plan: TrainingPlan
) -> dict[str, NDArray[np.float32]]:
    """Return how each detector scores each window: its largest surprise in it."""
    return learnt_scores(train_group(past, plan), past, played, plan)


def learnt_scores(
    trained: TrainedGroup, past: Sequence[suite.Series], played: Cases, plan: TrainingPlan
) -> dict[str, NDArray[np.float32]]:
    """Return how each detector scores each window by what was learnt of the past."""
    before = _learnt_before(trained, past, plan)
    judged, _ = play_group(knowing_copies(trained, played.owner), played.series, plan)
    silence = SilenceLaw(past).surprise([one.series for one in judged], played.owner)
    by_detector = detectors(before, judged, silence, played.owner)
    return {name: by_window(judged, rows, played.windows) for name, rows in by_detector.items()}


def _learnt_before(
    trained: TrainedGroup, past: Sequence[suite.Series], plan: TrainingPlan
) -> list[JudgedSeries]:
    """Return the past as judged, without the rows that training left out."""
    before, _ = play_group(trained, without_doubtful(past, trained.doubts), plan)
    false_gaps = trained.doubts.without_false_gaps
    return [
        replace(one, surprise=false_gaps(one.series.sensor, one.series.times_seconds, one.surprise))
        for one in before
    ]


def detectors(
    before: Sequence[JudgedSeries], judged: Sequence[JudgedSeries], silence: Rowwise, owner: Mapping[str, str]
) -> dict[str, Rowwise]:
    """Return what each detector says about each row: the bags, each stream, silence.

    Args:
        before: the past, judged: what the bags are calibrated on.
        judged: what is to be scored.
        silence: what the timer says about each row.
        owner: sensor by copy.
    """
    past, now = [Surprises.of(one) for one in before], [Surprises.of(one) for one in judged]
    out: dict[str, Rowwise] = {}
    share = np.log10([TRACK_SHARE[track] for track in registry.TRACKS]).astype(np.float32)
    for name, streams in ((HYBRID, DEFAULT), (EVERY, registry.STREAM_NAMES), (SIMPLE, CHEAP)):
        tracks = Bag.learn(past, streams).tracks(now, owner)
        out[name] = [
            np.maximum(largest(one + share), quiet) for one, quiet in zip(tracks, silence, strict=True)
        ]
    for column, name in enumerate(registry.STREAM_NAMES):
        out[name] = [np.nan_to_num(one.surprise[:, column], nan=0.0) for one in judged]
    return out | {SILENCE: silence}


def by_window(
    judged: Sequence[JudgedSeries], rows: Rowwise, windows: Sequence[Window]
) -> NDArray[np.float32]:
    """Return the largest of a detector's rows in each window; 0 in one that holds none."""
    place = {one.series.sensor: index for index, one in enumerate(judged)}
    out = np.zeros(len(windows), np.float32)
    for index, window in enumerate(windows):
        at = place[window.copy]
        inside = rows[at][window_rows(judged[at].series.times_seconds, window)]
        out[index] = inside.max(initial=0.0)
    return out


def recall_by_fault(windows: Sequence[Window], score: NDArray[np.float32]) -> dict[str, float]:
    """Return the recall of each fault where 1 % of the healthy windows of all sensors are alarmed, and the mean."""
    kinds = np.array([window.kind or "" for window in windows])
    out = {}
    for kind in [kind for kind in suite.FAULT_KINDS if (kinds == kind).any()]:
        of_kind = (kinds == kind) | (kinds == "")
        out[kind] = recall_at((kinds == kind)[of_kind], score[of_kind], FALSE_SHARE)
    return out | {"mean": float(np.mean(list(out.values())))}


def _counts(windows: Sequence[Window]) -> dict[str, int]:
    names, counts = np.unique([window.kind or "healthy" for window in windows], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
