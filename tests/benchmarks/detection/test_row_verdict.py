"""F1, false alarms and missed ones, against a case worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.detection.row_verdict import RowVerdict
from tests.benchmarks.detection.skab import trailing_median

LABELLED = np.array([0, 0, 0, 0, 1, 1, 1, 0], bool)
CALLED = np.array([0, 1, 0, 0, 0, 1, 1, 0], bool)


def test_rows_are_counted() -> None:
    """Two hits, one false alarm among five healthy rows, one of three missed."""
    found = RowVerdict.of(LABELLED, CALLED)
    assert found.f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found.false_alarm_share == pytest.approx(1 / 5)
    assert found.missed_share == pytest.approx(1 / 3)


def test_rows_that_were_learnt_from_are_healthy_ones_more() -> None:
    """They make false alarms a smaller share, and change nothing else."""
    found = RowVerdict.of(LABELLED, CALLED, calm_rows=5)
    assert found == RowVerdict(RowVerdict.of(LABELLED, CALLED).f1, 1 / 10, 1 / 3)


def test_calling_nothing_is_worth_nothing() -> None:
    """And divides by nothing."""
    assert RowVerdict.of(LABELLED, np.zeros(8, bool)) == RowVerdict(0.0, 0.0, 1.0)
    assert RowVerdict.of(np.zeros(0, bool), np.zeros(0, bool)) == RowVerdict(0.0, 0.0, 0.0)


def test_a_median_knows_only_what_was_before() -> None:
    """A single spike does not pass, a step does once it is most of the rows."""
    column = np.array([0.0, 0.0, 9.0, 0.0, 0.0, 9.0, 9.0, 9.0])
    assert trailing_median(column, 3).tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0]
