"""Our outputs as the Numenta Anomaly Benchmark scores them: one configuration and one threshold for all files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import Backtest
from offbeat.replay.judged import JudgedSeries
from offbeat.replay.labels import Spans
from offbeat.replay.series import Series
from tests.benchmarks.detection import nab_reference, played_set
from tests.benchmarks.detection.alarm_replay import openings, surprise_of
from tests.benchmarks.detection.nab_score import File, NabScore, nab_score
from tests.benchmarks.detection.recorded import RecordedSet

Doubles = NDArray[np.float64]
Output = Callable[[JudgedSeries], Doubles]

ALERTS = "alerts, one p-value for all"
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
    ours = {ALERTS: alerts(series, labels, result.judged)}
    ours |= {name: _scored(series, labels, result.judged, output) for name, output in outputs.items()}
    found: dict[str, Any] = {"ours": {name: asdict(score) for name, score in ours.items()}}
    if reference:
        found["windowed Gaussian"] = asdict(nab_reference.gaussian_score(series, labels))
        found["random"] = nab_reference.random_scores(series, labels)
    return found


def alerts(series: Sequence[Series], labels: Spans, judged: Sequence[JudgedSeries]) -> NabScore:
    """Return the score of the episodes' openings at the p-value, one for all files, that is best."""
    opened = openings(judged, THRESHOLDS)
    best: NabScore | None = None
    for which, threshold in enumerate(THRESHOLDS):
        rows = {one.series.sensor: opened[place][which] for place, one in enumerate(judged)}
        found = _scored(series, labels, judged, lambda one, rows=rows: _rows(one, rows[one.series.sensor]))  # type: ignore[misc]
        found = NabScore(found.score, threshold, found.found, found.windows, found.false)
        best = found if best is None or found.score > best.score else best
    assert best is not None
    return best


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


def _rows(judged: JudgedSeries, rows: NDArray[np.intp]) -> Doubles:
    out = np.full(len(judged.series), np.nan)
    out[rows] = 1.0
    return out
