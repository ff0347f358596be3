"""How channels go together."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core import relation
from offbeat.core.relation import LARGEST, Relation


def together(n: int, seed: int, channels: int = 4) -> np.ndarray:
    """Return rows whose channels follow one signal, each with some noise."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, 1)) + 0.2 * rng.normal(size=(n, channels))).astype(np.float32)


def residual(
    learnt: Relation, value: np.ndarray, missing: np.ndarray | None = None, row: int = 1
) -> np.ndarray:
    """Return the residuals of rows of one sensor."""
    gone = np.zeros(value.shape, bool) if missing is None else missing
    return learnt.residual(np.full(len(value), row), value, gone)


def test_residuals_of_ordinary_rows_have_the_size_one() -> None:
    """They are in deviations of what the others leave open."""
    learnt = relation.fit([together(3000, 0)], 4)
    assert np.std(residual(learnt, together(1000, 1)), axis=0) == pytest.approx(np.ones(4), abs=0.15)


def test_a_channel_out_of_step_is_named_though_its_value_is_ordinary() -> None:
    """The others agree with each other."""
    learnt = relation.fit([together(3000, 0)], 4)
    found = np.abs(residual(learnt, np.array([[1, 1, -0.5, 1]], np.float32)))[0]
    assert np.argmax(found) == 2
    assert found[2] > 4


def test_a_missing_channel_is_as_if_it_had_never_been_there() -> None:
    """The others are judged as a relation of theirs alone would; what it last read does not matter."""
    sample = together(3000, 0)
    learnt, three = relation.fit([sample], 4), relation.fit([sample[:, :3]], 3)
    rows = together(50, 1)
    rows[:, 3] = 77
    gone = np.zeros((50, 4), bool)
    gone[:, 3] = True
    found = residual(learnt, rows, gone)
    assert (found[:, 3] == 0).all()
    assert found[:, :3] == pytest.approx(residual(three, rows[:, :3]), abs=0.02)
    assert not residual(learnt, rows, np.ones((50, 4), bool)).any()


def test_a_missing_channel_is_completed_by_what_the_others_tell() -> None:
    """It is near the signal that all follow; the others, and rows that lack nothing, stay as they were."""
    learnt = relation.fit([together(3000, 0)], 4)
    rows = together(200, 1)
    was = rows.copy()
    gone = np.zeros((200, 4), bool)
    gone[:100, 1] = True
    rows[:100, 1] = 55
    full = learnt.completed(np.ones(200, np.intp), rows, gone)
    assert np.array_equal(full[~gone], was[~gone])
    assert np.std(full[:100, 1] - was[:100, 1]) < 0.35


def test_residuals_are_bounded_and_unknown_sensors_are_judged_by_the_fleet() -> None:
    """One wild value may not fill a whole horizon; row 0 is the sensors' mean."""
    learnt = relation.fit([together(500, 0), together(500, 1), np.zeros((0, 4), np.float32)], 4)
    assert np.abs(residual(learnt, np.full((1, 4), 1e6, np.float32) * [1, -1, 1, 1])).max() == LARGEST
    odd = np.array([[1, 1, -1, 1]], np.float32)
    assert np.argmax(np.abs(residual(learnt, odd, row=0))) == 2
    assert residual(learnt, odd, row=3) == pytest.approx(residual(learnt, odd, row=0))


def test_without_recordings_channels_know_nothing_of_each_other() -> None:
    """And what was learnt comes back from an artifact."""
    learnt = relation.fit([], 3)
    assert residual(learnt, np.array([[1, -1, 0]], np.float32), row=0)[0] == pytest.approx(
        [1, -1, 0], abs=0.01
    )
    again = Relation.from_tensors("b.", learnt.to_tensors("b."))
    assert np.array_equal(again.precision, learnt.precision)
