"""Ranking measures against values worked out by hand and by permutation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat_models.evaluation import average_precision, recall_at


def test_average_precision_by_hand() -> None:
    """Labels at ranks 1 and 3 give (1/1 + 2/3) / 2."""
    assert math.isclose(average_precision([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0]), (1 + 2 / 3) / 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=30), st.randoms())
def test_equal_scores_count_together_in_any_order(rows: list[tuple[bool, int]], random: object) -> None:
    """The order of rows does not matter, not even among equal scores."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (average_precision(*zip(*r, strict=True)) for r in (rows, shuffled))
    assert (math.isnan(one) and math.isnan(other)) or math.isclose(one, other)


def test_unscored_rows_rank_lowest() -> None:
    """NaN ranks below every number."""
    assert average_precision([1, 0], [np.nan, -1e9]) == 0.5


def test_recall_counts_only_what_the_false_alarms_allow() -> None:
    """With one in four unlabelled rows allowed, recall stops before the second false alarm."""
    labels, scores = [1, 0, 1, 0, 0, 0, 1], [9, 8, 7, 6, 5, 4, 3]
    assert recall_at(labels, scores, 0.25) == pytest.approx(2 / 3)
    assert recall_at(labels, scores, 0.0) == pytest.approx(1 / 3)
    assert recall_at([0, 1], [2, 1], 0.0) == 0.0


def test_no_label_gives_no_number() -> None:
    """Without labels both measures are NaN."""
    assert math.isnan(average_precision([0, 0], [1, 2]))
    assert math.isnan(recall_at([0, 0], [1, 2]))


def test_unequal_lengths_are_refused() -> None:
    """Labels and scores must pair up."""
    with pytest.raises(ValueError, match="2 labels and 1 scores"):
        average_precision([1, 0], [1.0])
