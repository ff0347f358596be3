"""Our outputs as the Numenta Anomaly Benchmark scores them: one configuration and one threshold for all files."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import Backtest
from offbeat.core import horizon
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from tests.benchmarks.detection import nab_reference, played_set
from tests.benchmarks.detection.alarm_replay import openings, surprise_of
from tests.benchmarks.detection.nab_score import File, NabScore, nab_score
from tests.benchmarks.detection.recorded import RecordedSet

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
Output = Callable[[JudgedSeries], Doubles]

ALERTS = "alerts, one p-value for all"
SELDOM = "the same, at most one in 4 hours"
DEFAULT_BUDGET = "alerts at the default budget"
RECORDS = "-log10 p where it is a record of the day"
EVERY_ROW = "-log10 p of every row"
SEVERITY = "severity of every row"

THRESHOLDS = tuple(np.arange(1.5, 6.01, 0.125).tolist())
DAY_SECONDS = 86_400.0


def figures(recorded: RecordedSet, result: Backtest, reference: bool = True) -> dict[str, Any]:
    """Return the score of each of our outputs, and of the detectors that are published.

    Args:
        recorded: the set.
        result: of its backtest.
        reference: measure the published detectors, too.
    """
    series, labels = recorded.series, recorded.labels
    opened = played_set.opened(result)
    outputs: dict[str, Output] = {
        DEFAULT_BUDGET: lambda one: _at(one, opened.get(one.series.sensor, ())),
        RECORDS: lambda one: records(one.series.times_seconds, surprise_of(one), DAY_SECONDS),
        EVERY_ROW: surprise_of,
        SEVERITY: lambda one: np.asarray(one.score, np.float64),
    }
    opened_at = openings(result.judged, THRESHOLDS)
    ours = {
        ALERTS: alerts(series, labels, result.judged, opened_at),
        SELDOM: alerts(series, labels, result.judged, opened_at, horizon.HOURS_4),
    }
    ours |= {name: _scored(series, labels, result.judged, output) for name, output in outputs.items()}
    found: dict[str, Any] = {"ours": {name: asdict(score) for name, score in ours.items()}}
    if reference:
        found["windowed Gaussian"] = asdict(nab_reference.gaussian_score(series, labels))
        found["random"] = nab_reference.random_scores(series, labels)
    return found


def alerts(
    series: Sequence[Series],
    labels: Spans,
    judged: Sequence[JudgedSeries],
    opened: Sequence[Sequence[Rows]],
    apart_seconds: float = 0.0,
) -> NabScore:
    """Return the score of the episodes' openings at that threshold of `THRESHOLDS`, one for all files, that is best.

    Args:
        series: all files.
        labels: windows by file.
        judged: their rows.
        opened: rows at which episodes open, by judged file and threshold.
        apart_seconds: an alert sooner after the one before it is not told.
    """
    found = []
    for which, threshold in enumerate(THRESHOLDS):
        told = {
            one.series.sensor: seldom(one.series.times_seconds, opened[place][which], apart_seconds)
            for place, one in enumerate(judged)
        }
        score = _scored(series, labels, judged, functools.partial(_rows, told))
        found.append(replace(score, threshold=threshold))
    return max(found, key=lambda one: one.score)


def seldom(times_seconds: Doubles, rows: Rows, apart_seconds: float) -> Rows:
    """Return those of some rows that are at least so far from the one returned before."""
    kept: list[int] = []
    for row in rows.tolist():
        if not kept or times_seconds[row] - times_seconds[kept[-1]] >= apart_seconds:
            kept.append(row)
    return np.array(kept, np.intp)


def records(times_seconds: Doubles, strangeness: Doubles, within_seconds: float) -> Doubles:
    """Return each row's strangeness where none of the rows of the time before it was as strange, else 0 [n]."""
    out = np.zeros(len(strangeness))
    higher: list[int] = []  # rows not yet outdone by a later one, the strangest first
    for row, (now, said) in enumerate(zip(times_seconds.tolist(), strangeness.tolist(), strict=True)):
        while higher and times_seconds[higher[0]] < now - within_seconds:
            higher.pop(0)
        out[row] = said if not higher or said > strangeness[higher[0]] else 0.0
        while higher and strangeness[higher[-1]] <= said:
            higher.pop()
        higher.append(row)
    return out


def _scored(
    series: Sequence[Series], labels: Spans, judged: Sequence[JudgedSeries], output: Output
) -> NabScore:
    """Return the score of an output; rows that were not judged said nothing."""
    said = {one.series.sensor: one for one in judged}
    files = []
    for one in series:
        score = np.full(len(one), np.nan)
        if (here := said.get(one.sensor)) is not None:
            # What was judged is the end of the file, from its test time on.
            score[one.times_seconds >= here.series.times_seconds.min(initial=np.inf)] = output(here)
        files.append(File(one.times_seconds, score, labels.get(one.sensor, [])))
    return nab_score(files)


def _at(judged: JudgedSeries, opened: Sequence[float]) -> Doubles:
    """Return 1 at the rows of these times, NaN at the others."""
    return np.where(np.isin(judged.series.times_seconds, np.array(opened)), 1.0, np.nan)


def _rows(told: Mapping[str, Rows], judged: JudgedSeries) -> Doubles:
    """Return 1 at some rows of a file, NaN at the others."""
    out = np.full(len(judged.series), np.nan)
    out[told[judged.series.sensor]] = 1.0
    return out
