"""Recall of injected faults at 1 % of healthy windows alarmed, by fault and detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import play_group
from offbeat.app.calibrating import without_doubtful
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_group
from offbeat.core import episode_rules
from offbeat.core.commission import Commission
from offbeat.core.episode_rules import Track
from offbeat.core.streams import registry
from offbeat.replay.judged import JudgedSeries
from offbeat_models.evaluation import recall_at
from tests.benchmarks.detection import rules, suite
from tests.benchmarks.detection.copies import knowing_copies
from tests.benchmarks.detection.fused import DEFAULT, Bag, alarmed_by, largest, scored_by, surprises_of
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.detection.silence_law import SilenceLaw
from tests.benchmarks.detection.suite import Cases, Window

FALSE_SHARE = 0.01
HYBRID, EVERY, SIMPLE, SCORE = "hybrid", "with the model", "simple bag", "by the score"
"""What opens alerts by default; with all that the model says, too; the plainest streams, fused and calibrated alike;
what rows are scored by, where all streams sit together."""
SERVICE, SILENCE = "shares of service", "silence"
"""The default with the tracks' shares of the budget; the law of silence alone."""
PLAIN = (*rules.FIVE, "pace", "stuck")
"""What a simple detector of sensors looks at: levels, regressions and jumps, the pace, standstills."""
ALIKE = dict.fromkeys((*registry.TRACKS, "silent"), 1.0)
"""No track is preferred."""
SERVICE_SHARE = {
    **{name: episode_rules.TRACKS[Track(at)].budget_share for at, name in enumerate(registry.TRACKS)},
    "silent": episode_rules.TRACKS[Track.SILENT].budget_share,
}
"""Each track's part of the budget of false alerts in service."""
FLEETS = {"univariate": suite.univariate, "multichannel": suite.multichannel}

Rowwise = list[NDArray[np.float32]]


def measure(
    fleet: str,
    seed: int = 0,
    family: str = "lstm_vae",
    windows: int = suite.WINDOWS,
) -> dict[str, Any]:
    """Learn a fleet, play its faults, return the recall by detector and fault.

    Args:
        fleet: name of `FLEETS`.
        seed: of the model's training and of the signals.
        family: of the model.
        windows: of each fault and sensor.
    """
    sensors = FLEETS[fleet]()
    past = suite.history(sensors, seed)
    played = suite.cases(sensors, seed, windows)
    plan = plan_for(past, seed, family)
    said = learnt_scores(train_group(past, plan), past, played, plan)
    return {
        "recall": {name: recall_by_fault(played.windows, one) for name, one in said.items()},
        "sensors": len(sensors.specs),
        "windows": {str(kind): count for kind, count in _counts(played.windows).items()},
    }


def learnt_scores(
    trained: TrainedGroup, past: Sequence[suite.Series], played: Cases, plan: TrainingPlan
) -> dict[str, NDArray[np.float32]]:
    """Return how each detector scores each window by what was learnt of the past: its largest surprise in it."""
    before = _learnt_before(trained, past, plan)
    knowing = knowing_copies(trained, played.owner)
    judged, _ = play_group(knowing, played.series, plan, silences=False)  # the law of silence is asked below
    by_detector = detectors(past, before, judged, knowing.commission, played.owner)
    return {name: by_window(judged, rows, played.windows) for name, rows in by_detector.items()}


def _learnt_before(
    trained: TrainedGroup, past: Sequence[suite.Series], plan: TrainingPlan
) -> list[JudgedSeries]:
    """Return the past as judged, without the rows that training left out."""
    before, _ = play_group(trained, without_doubtful(past, trained.doubts), plan, silences=False)
    false_gaps = trained.doubts.without_false_gaps
    return [
        replace(one, surprise=false_gaps(one.series.sensor, one.series.times_seconds, one.surprise))
        for one in before
    ]


def detectors(
    past: Sequence[suite.Series],
    before: Sequence[JudgedSeries],
    judged: Sequence[JudgedSeries],
    commission: Commission,
    owner: Mapping[str, str],
) -> dict[str, Rowwise]:
    """Return what each detector says about each row: the bags, each stream, and silence.

    Args:
        past: recordings, all rows: what the law of silence is learnt from.
        before: the past, judged, without what training left out: what the bags are calibrated on.
        judged: what is to be scored.
        commission: by which all of it was judged.
        owner: sensor by copy.
    """
    silence = SilenceLaw(past).surprise([one.series for one in judged], owner)
    learnt, now = (surprises_of(some, [commission]) for some in (before, judged))
    default = Bag.learn(learnt, alarmed_by(DEFAULT)).tracks(now, owner)
    tracks = {
        HYBRID: default,
        EVERY: Bag.learn(learnt, alarmed_by(registry.STREAM_NAMES)).tracks(now, owner),
        SIMPLE: Bag.learn(learnt, scored_by(PLAIN)).tracks(now, owner),
        SCORE: Bag.learn(learnt, scored_by(DEFAULT)).tracks(now, owner),
        **{
            name: Bag.learn(learnt, rules.fusing_by(rule)).tracks(now, owner)
            for name, rule in rules.shapes().items()
        },
    }
    out = {name: _loudest(one, silence, ALIKE) for name, one in tracks.items()}
    out[SERVICE] = _loudest(default, silence, SERVICE_SHARE)
    for column, name in enumerate(registry.STREAM_NAMES):
        out[name] = [np.nan_to_num(one.surprise[:, column], nan=0.0) for one in judged]
    return out | {SILENCE: silence}


def _loudest(tracks: Rowwise, silence: Rowwise, share: Mapping[str, float]) -> Rowwise:
    """Return the largest surprise of each row over tracks [n, Q] and silence [n], each with its share."""
    of_tracks = np.log10([share[name] for name in registry.TRACKS]).astype(np.float32)
    of_silence = np.float32(np.log10(share["silent"]))
    return [
        np.maximum(largest(one + of_tracks), quiet + of_silence)
        for one, quiet in zip(tracks, silence, strict=True)
    ]


def by_window(
    judged: Sequence[JudgedSeries], rows: Rowwise, windows: Sequence[Window]
) -> NDArray[np.float32]:
    """Return the largest of a detector's rows in each window; 0 in one that holds none."""
    times = {one.series.sensor: one.series.times_seconds for one in judged}
    said = dict(zip(times, rows, strict=True))
    return suite.largest_by_window(windows, times, said)


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
