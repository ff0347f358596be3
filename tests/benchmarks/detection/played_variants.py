"""Variants of a recorded set through the production path, beside simple detectors and rules of fusion.

A set is learnt once, and all variants that share what was learnt are played side by side as copies of its sensors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from offbeat.app.backtest import play_group
from offbeat.app.trained_group import TrainedGroup
from offbeat.app.training import TrainingPlan, train_group
from offbeat.core.commission import Commission
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from tests.benchmarks.detection import grids, judge, rules, simple, variants
from tests.benchmarks.detection.copies import knowing_copies
from tests.benchmarks.detection.fused import surprises_of
from tests.benchmarks.detection.judge import Scored
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.detection.recorded import RecordedSet, read_set
from tests.benchmarks.detection.rules import WITHOUT_MODEL, Rule
from tests.benchmarks.detection.variants import LEVELS, Variant, thin

COMPARED_LEVEL = 30
"""At which other detectors and rules are looked at, too."""
GRIDDED_LEVELS = (30, 15)
"""At which the thinned rows are played on grids, which have as many rows as the whole set."""
STEPS = 200
"""Of each training: sets are learnt twice, and what is compared here is compared within one training."""
OURS = "ours, as served"

Scores = dict[str, Scored]
Played = dict[str, dict[str, Series]]
Precision = dict[str, float | dict[str, float] | None]


def learnt_clean(name: str, seed: int = 0) -> dict[str, Any]:
    """Return the figures of all variants that are judged by what was learnt of the recordings as they are.

    Args:
        name: of the set.
        seed: of the training, and of all that is drawn.
    """
    recorded = variants.drawn(read_set(name), seed)
    found = {variants.INJECTED: variants.with_faults(recorded, seed)}
    if recorded.labels:
        traffic = [one for one in read_set("nab").series if one.sensor.startswith("realTraffic")]
        pace = [*read_set("iot_telemetry").series, *traffic]
        found[variants.WHOLE] = variants.as_it_is(recorded)
        found |= {thin(level): variants.thinned(recorded, level, pace, seed) for level in LEVELS}
    return measured(recorded, found, seed)


def learnt_spoilt(name: str, seed: int = 0) -> dict[str, Any]:
    """Return the figures of a set and of its variant with short faults where what is learnt from is spoilt.

    Args:
        name: of the set.
        seed: of the training, and of all that is drawn.
    """
    recorded = variants.spoilt(variants.drawn(read_set(name), seed), seed)
    found = {variants.BOTH: variants.with_faults(recorded, seed)}
    if recorded.labels:
        found[variants.SPOILT] = variants.as_it_is(recorded)
    return measured(recorded, found, seed)


def on_grid(fill: str, level: int) -> str:
    """Return the name of a thinned variant on a grid."""
    return f"{fill} {level}"


def measured(
    recorded: RecordedSet, found: Mapping[str, Variant], seed: int, steps: int = STEPS
) -> dict[str, Any]:
    """Learn a set, play its variants and the thinned ones on grids; return the average precisions.

    Args:
        recorded: to learn from.
        found: variants to judge, by name.
        seed: of the training.
        steps: of the training.
    """
    splits = recorded.splits
    past = [one.before(splits.test_from(one.sensor)) for one in recorded.series]
    plan = dataclasses.replace(plan_for(past, seed), steps=steps, compare=False)
    trained, lead = train_group(past, plan), plan.core.window_readings
    rows: Played = {
        name: {sensor: one.since(splits.test_from(sensor), lead) for sensor, one in variant.series.items()}
        for name, variant in found.items()
    }
    gridded = {
        on_grid(fill, level): (fill, thin(level))
        for fill in grids.FILLS
        for level in GRIDDED_LEVELS
        if thin(level) in found
    }
    usual = {one.sensor: float(np.median(np.diff(np.unique(one.times_seconds)))) for one in past}
    points: Played = {
        name: {
            sensor: grids.on_grid(one, usual[sensor], grids.FILLS[fill]) for sensor, one in rows[of].items()
        }
        for name, (fill, of) in gridded.items()
    }
    judged = _played(trained, rows | points, plan)
    out = {
        name: _of_variant(name, variant, judged[name], splits, trained.commission)
        for name, variant in found.items()
    }
    for name, (_, of) in gridded.items():
        scores = {sensor: _on_rows(one, rows[of][sensor]) for sensor, one in judged[name].items()}
        out[name] = {OURS: _precision(scores, found[of], splits)}
    return {
        "AP": out,
        "series": [one.sensor for one in recorded.series],
        "rows": {name: sum(map(len, one.values())) for name, one in (rows | points).items()},
        "steps": steps,
    }


def _played(trained: TrainedGroup, to_play: Played, plan: TrainingPlan) -> dict[str, dict[str, JudgedSeries]]:
    """Play all variants side by side; return how their rows were judged, by variant and sensor."""
    copies = [
        (name, sensor, dataclasses.replace(one, sensor=f"{name}/{sensor}"))
        for name, by_sensor in to_play.items()
        for sensor, one in by_sensor.items()
    ]
    owner = {copy.sensor: sensor for _, sensor, copy in copies}
    judged, _ = play_group(
        knowing_copies(trained, owner), [copy for _, _, copy in copies], plan, silences=False
    )
    out: dict[str, dict[str, JudgedSeries]] = {name: {} for name in to_play}
    for (name, sensor, _), one in zip(copies, judged, strict=True):
        out[name][sensor] = one
    return out


def _of_variant(
    name: str, variant: Variant, judged: Mapping[str, JudgedSeries], splits: Splits, learnt: Commission
) -> Precision:
    """Return the precision by detector: by series for ours, the mean of the series for the others."""
    only_a_point = name in map(thin, LEVELS) and name != thin(COMPARED_LEVEL)
    ours = {sensor: Scored(one.series.times_seconds, one.score) for sensor, one in judged.items()}
    others = _by_rule(
        judged, learnt, {WITHOUT_MODEL: rules.rules()[WITHOUT_MODEL]} if only_a_point else rules.rules()
    )
    others |= {} if only_a_point else simple.score_by_detector(variant.series.values(), splits, forest=True)
    out: Precision = {OURS: _precision(ours, variant, splits)}
    return out | {name: judge.mean(_precision(scores, variant, splits)) for name, scores in others.items()}


def _on_rows(judged: JudgedSeries, rows: Series) -> Scored:
    """Return the score of each row: that of the first grid point at or after it, which is the first to know of it."""
    first = grids.first_from(judged.series.times_seconds, rows.times_seconds)
    return Scored(rows.times_seconds, judged.score[first])


def _by_rule(
    judged: Mapping[str, JudgedSeries], learnt: Commission, wanted: Mapping[str, Rule]
) -> dict[str, Scores]:
    named = [
        dataclasses.replace(one, series=dataclasses.replace(one.series, sensor=sensor))
        for sensor, one in judged.items()
    ]
    said = surprises_of(named, [learnt])
    return {
        name: {
            sensor: Scored(one.series.times_seconds, np.nan_to_num(f, nan=0.0))
            for (sensor, one), f in zip(judged.items(), severity, strict=True)
        }
        for name, severity in rules.severities(said, wanted).items()
    }


def _precision(scores: Mapping[str, Scored], variant: Variant, splits: Splits) -> dict[str, float]:
    """Return the average precision by series, of the rows that are judged."""
    judged = {sensor: _without(sensor, one, variant.ignored) for sensor, one in scores.items()}
    return judge.precision_by_series(judged, variant.labels, splits)


def _without(sensor: str, one: Scored, spans: Spans) -> Scored:
    ignored = judge.labelled(one.times_seconds, spans.get(sensor, []))
    return Scored(one.times_seconds, np.where(ignored, np.nan, one.score))
