"""The score of the Numenta Anomaly Benchmark, against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.detection.nab_reference import windowed_gaussian
from tests.benchmarks.detection.nab_score import STANDARD, File, nab_score, probation_rows, worth_of_rows

ROWS = 100
"""Of a file; the first 15 are for learning."""


def sigmoid(position: float) -> float:
    """Return the published curve: 1 far before a window's end, 0 there, -1 far behind."""
    return 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def file_of(
    detected: dict[int, float], windows: tuple[tuple[float, float], ...] = ((40.0, 49.0),), rows: int = ROWS
) -> File:
    """Return a file with a row a second and scores at some rows."""
    score = np.zeros(rows)
    for row, said in detected.items():
        score[row] = said
    return File(np.arange(rows, dtype=np.float64), score, windows)


def test_the_first_rows_of_a_file_are_not_judged() -> None:
    """15 % of them, 750 at most."""
    assert [probation_rows(rows) for rows in (100, 4032, 5000, 22_695)] == [15, 604, 750, 750]
    nothing = nab_score([file_of({14: 1.0})])
    assert (nothing.score, nothing.found, nothing.false, nothing.threshold) == (0.0, 0, 0, math.inf)


def test_a_detection_at_the_first_row_of_every_window_is_perfect() -> None:
    """And one threshold is found that leaves all else out."""
    best = nab_score([file_of({40: 0.9, 80: 0.5}), file_of({20: 0.8}, ((20.0, 39.0),))])
    assert best.score == pytest.approx(100.0)
    assert (best.found, best.windows, best.false, best.threshold) == (2, 2, 0, 0.8)


def test_saying_nothing_is_worth_nothing() -> None:
    """Whether a detector never speaks, or says the same everywhere."""
    silent = File(np.arange(ROWS, dtype=np.float64), np.full(ROWS, np.nan), ((40.0, 49.0),))
    assert nab_score([silent]).score == 0.0
    assert nab_score([file_of({})]).score == 0.0


def test_a_late_detection_earns_less() -> None:
    """At row 44 of the window 40..49: five of ten rows before its end, and the earliest one alone counts."""
    late = nab_score([file_of({44: 1.0, 45: 1.0, 49: 1.0})])
    assert late.score == pytest.approx(100.0 * (1.0 + sigmoid(-0.6) / sigmoid(-1.0)) / 2.0)
    last = nab_score([file_of({49: 1.0})])
    assert last.score == pytest.approx(100.0 * (1.0 + sigmoid(-0.1) / sigmoid(-1.0)) / 2.0)


def test_false_detections_cost_by_their_distance_from_the_window_before() -> None:
    """Before any window and three widths behind one the whole .11, just behind one next to nothing."""
    worth, window = worth_of_rows(np.arange(ROWS, dtype=np.float64), ((40.0, 49.0),), STANDARD)
    assert worth[39] == pytest.approx(-0.11)
    assert worth[50] == pytest.approx(0.11 * sigmoid(1.0 / 9.0))
    assert worth[58] == pytest.approx(0.11 * sigmoid(1.0))
    assert worth[90] == -0.11
    assert window.tolist() == [-1] * 40 + [0] * 10 + [-1] * 50


def test_false_detections_are_taken_off() -> None:
    """Two of them that cannot be told from the right one by any threshold."""
    best = nab_score([file_of({20: 1.0, 30: 1.0, 40: 1.0})])
    assert best.score == pytest.approx(100.0 * (2.0 - 0.22) / 2.0)
    assert best.false == 2


def test_equal_scores_are_detected_together() -> None:
    """No threshold lies between them, in whatever order the rows stand."""
    many = nab_score([file_of(dict.fromkeys((*range(15, 40), 40), 1.0))])
    assert many.score == 0.0


def test_a_window_without_rows_is_refused() -> None:
    """Its labels are of another file."""
    with pytest.raises(ValueError, match="ends at 49, where no row is"):
        nab_score([file_of({}, ((40.0, 49.0),), rows=45)])


def test_the_windowed_gaussian_knows_only_what_was_before() -> None:
    """Its mean and deviation are those of the rows before, all of them until there are 6,400."""
    values = np.random.default_rng(0).normal(size=7000)
    said = windowed_gaussian(values)
    for row, first, last in ((500, 0, 500), (6400, 0, 6400), (6499, 0, 6400), (6500, 100, 6500)):
        past = values[first:last]
        z = abs(values[row] - past.mean()) / past.std()
        assert said[row] == pytest.approx(1.0 - 0.5 * math.erfc(z / math.sqrt(2.0)))
    assert (windowed_gaussian(np.full(50, 0.1))[1:] == 0.5).all()
