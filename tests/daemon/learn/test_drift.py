"""Which sensors what was learnt describes no more."""

from __future__ import annotations

import numpy as np

from offbeat.core.decisions import ScoredRows
from offbeat.learn.drift import LASTING_SECONDS, DriftWatch


def rows(sensor: int, count: int, score: float, p_value: float) -> ScoredRows:
    """Judged rows of one sensor that are all alike."""
    return ScoredRows(
        0, np.full(count, sensor, np.int32), np.arange(count, dtype=np.float64), np.full(count, score, np.float32),
        np.full(count, p_value), np.zeros((count, 3), np.float32), np.zeros((count, 0), np.float32), (),
    )  # fmt: skip


def test_a_disagreement_that_lasts_is_drift() -> None:
    """Strange by what was learnt and ordinary by the last weeks; not at once."""
    watch = DriftWatch(4)
    watch.note(rows(0, 500, score=1.5, p_value=0.3))
    watch.note(rows(1, 500, score=0.2, p_value=0.3))
    assert watch.drifted(0.0) == 0
    assert watch.drifted(LASTING_SECONDS - 1.0) == 0
    assert watch.drifted(LASTING_SECONDS) == 1


def test_what_both_call_strange_is_a_fault_and_no_drift() -> None:
    """It is not to be learnt in a hurry."""
    watch = DriftWatch(4)
    watch.note(rows(0, 500, score=3.0, p_value=1e-6))
    assert (watch.drifted(0.0), watch.drifted(LASTING_SECONDS)) == (0, 0)


def test_what_has_passed_is_forgotten() -> None:
    """By so many ordinary rows; and with another model all begins anew."""
    watch = DriftWatch(4)
    watch.note(rows(0, 500, score=1.5, p_value=0.3))
    assert watch.drifted(0.0) == 0
    watch.note(rows(0, 1900, score=0.2, p_value=0.3))
    assert (watch.drifted(1.0), watch.drifted(LASTING_SECONDS + 1.0)) == (0, 0)
    watch.note(rows(1, 500, score=1.5, p_value=0.3))
    assert watch.drifted(2.0) == 0
    watch.forget()
    assert watch.drifted(LASTING_SECONDS + 2.0) == 0


def test_a_few_rows_and_rows_without_a_score_say_nothing() -> None:
    """Nor do sensors that are not there."""
    watch = DriftWatch(4)
    watch.note(rows(0, 100, score=1.5, p_value=0.3))
    watch.note(rows(1, 500, score=np.nan, p_value=np.nan))
    assert (watch.drifted(0.0), watch.drifted(LASTING_SECONDS)) == (0, 0)
