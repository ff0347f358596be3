"""The water-circulation set as its authors score it: every row called anomalous or not by a threshold from training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.app.backtest import Backtest
from offbeat.core.commission import Commission
from offbeat.replay.judged import JudgedSeries
from tests.benchmarks.detection.fused import DEFAULT, scored_by, surprises_of
from tests.benchmarks.detection.judge import labelled
from tests.benchmarks.detection.recorded import RecordedSet
from tests.benchmarks.detection.row_verdict import RowVerdict
from tests.benchmarks.detection.rules import PROCESS

BOUNDARY = "severity at the budget's boundary"
SMOOTHED = "the same, median of 5 rows"
HUNDREDTH = "severity of one in a hundred learnt rows"

MEDIAN_ROWS = 5
RARE_SURPRISE = 2.0
"""-log10 of one in a hundred."""

Floats = NDArray[np.floating]


def figures(recorded: RecordedSet, result: Backtest) -> dict[str, Any]:
    """Return what each threshold is worth on the rows of all files together; none of them has seen a label.

    Twice: on the rows of the test parts, and with the rows that were learnt from as further calm ones, as the set's
    authors count. Severity 1 is a row that the budget allows once a week: none of the few hundred learnt from.
    """
    labels = np.concatenate(
        [
            labelled(one.series.times_seconds, recorded.labels.get(one.series.sensor, []))
            for one in result.judged
        ]
    )
    learnt = sum(map(len, recorded.series)) - len(labels)
    severity = [np.nan_to_num(one.score, nan=0.0) for one in result.judged]
    commission = result.trained[0].commission
    called = {
        BOUNDARY: [one >= 1.0 for one in severity],
        SMOOTHED: [trailing_median(one, MEDIAN_ROWS) >= 1.0 for one in severity],
        HUNDREDTH: [one >= RARE_SURPRISE for one in _surprise_of_severity(commission, result.judged)],
    }
    found = {}
    for name, rows in called.items():
        said = np.concatenate(rows)
        found[name] = {
            "test rows": asdict(RowVerdict.of(labels, said)),
            "whole files": asdict(RowVerdict.of(labels, said, learnt)),
        }
    return found | {"all rows": {"test rows": asdict(RowVerdict.of(labels, np.ones_like(labels)))}}


def trailing_median(column: Floats, rows: int) -> Floats:
    """Return the median of each row and those before it [n]; before the first row stands the first."""
    if not len(column):
        return column
    padded = np.concatenate([np.full(rows - 1, column[0]), column])
    out: Floats = np.median(np.lib.stride_tricks.sliding_window_view(padded, rows), axis=1)
    return out


def _surprise_of_severity(commission: Commission, judged: Sequence[JudgedSeries]) -> list[Floats]:
    """Return -log10 of the share of the learnt rows with a severity as large, by row."""
    law = commission.severity
    assert law is not None
    sensors = surprises_of(judged, [commission])
    severity = scored_by(DEFAULT)(sensors)
    return [
        law.surprise(np.full(len(f), commission.row_of(one.sensor), np.intp), f)[:, PROCESS]
        for one, f in zip(sensors, severity, strict=True)
    ]
