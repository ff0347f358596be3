"""One recorded set, or a variant of it, through the production path: what was judged, and what else it could say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from offbeat.app.backtest import Backtest, run_backtest
from offbeat.core.streams import registry
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits
from tests.benchmarks.detection import judge, rules, simple
from tests.benchmarks.detection.fused import CHEAP, NEURAL, surprises_of
from tests.benchmarks.detection.judge import Scored
from tests.benchmarks.detection.plan import plan_for
from tests.benchmarks.detection.recorded import RecordedSet
from tests.benchmarks.detection.rules import Rule

ALL, WITHOUT_MODEL, MODEL_ALONE = "all streams", rules.WITHOUT_MODEL, "the model alone"


def backtest(recorded: RecordedSet, seed: int = 0, family: str = "lstm_vae") -> Backtest:
    """Play a set as `offbeat backtest` does."""
    past = [one.before(recorded.splits.test_from(one.sensor)) for one in recorded.series]
    return run_backtest(recorded.series, recorded.splits, plan_for(past, seed, family))


def scored(judged: Sequence[JudgedSeries]) -> dict[str, Scored]:
    """Return the score that the daemon would have given, by series."""
    return {one.series.sensor: Scored(one.series.times_seconds, one.score) for one in judged}


def opened(result: Backtest) -> dict[str, list[float]]:
    """Return when alerts were raised, by series."""
    out: dict[str, list[float]] = {}
    for event in result.events:
        if event.event == "open":
            out.setdefault(event.sensor, []).append(event.updated_at)
    return out


def verdict(result: Backtest, labels: Spans, splits: Splits) -> dict[str, Any]:
    """Return the figures that a set is judged by."""
    rows = scored(result.judged)
    alarms = judge.judge_alarms(rows, opened(result), labels, splits)
    return {
        "AP": judge.mean(judge.precision_by_series(rows, labels, splits)),
        "AP of chance": judge.mean(judge.chance_by_series(rows, labels, splits)),
        "events": alarms.events,
        "found": alarms.found_share,
        "delay": alarms.median_delay_share,
        "false": alarms.false,
        "false per week": alarms.false_per_week,
        "series": len(rows),
        "steps": sum(one.report.steps for one in result.trained),
        "notes": len(result.notes),
    }


def choices() -> dict[str, tuple[str, ...]]:
    """Return choices of streams to be compared: all, without the model, and without each one."""
    return {
        ALL: registry.STREAM_NAMES,
        WITHOUT_MODEL: CHEAP,
        MODEL_ALONE: NEURAL,
        **{
            f"without {name}": tuple(n for n in registry.STREAM_NAMES if n != name)
            for name in rules.PROCESS_STREAMS
        },
    }


def precision_by_choice(
    result: Backtest, labels: Spans, splits: Splits, wanted: Mapping[str, Sequence[str]]
) -> dict[str, float | None]:
    """Return the average precision of the severity that each choice of streams gives."""
    return precision_by_rule(result, labels, splits, {name: Rule(of) for name, of in wanted.items()})


def precision_by_rule(
    result: Backtest, labels: Spans, splits: Splits, wanted: Mapping[str, Rule]
) -> dict[str, float | None]:
    """Return the average precision of the severity that each rule makes of the same surprises."""
    sensors = surprises_of(result.judged, [group.commission for group in result.trained])
    out = {}
    for name, severity in rules.severities(sensors, wanted).items():
        rows = {
            one.sensor: Scored(one.times_seconds, np.nan_to_num(f, nan=0.0))
            for one, f in zip(sensors, severity, strict=True)
        }
        out[name] = judge.mean(judge.precision_by_series(rows, labels, splits))
    return out


def precision_of_streams(
    judged: Sequence[JudgedSeries], labels: Spans, splits: Splits
) -> dict[str, float | None]:
    """Return the average precision of each stream alone."""
    out = {}
    for column, name in enumerate(registry.STREAM_NAMES):
        rows = {
            one.series.sensor: Scored(
                one.series.times_seconds, np.nan_to_num(one.surprise[:, column], nan=0.0)
            )
            for one in judged
        }
        out[name] = judge.mean(judge.precision_by_series(rows, labels, splits))
    return out


def precision_of_simple(
    series: Sequence[Series], labels: Spans, splits: Splits, forest: bool = False
) -> dict[str, float | None]:
    """Return the average precision of the simple detectors on the same rows.

    Args:
        series: recordings.
        labels: events by series.
        splits: where the test parts begin.
        forest: ask the isolation forest of lagged windows, too, which takes longer than all others.
    """
    rows = simple.score_by_detector(series, splits, forest)
    return {name: judge.mean(judge.precision_by_series(by, labels, splits)) for name, by in rows.items()}
