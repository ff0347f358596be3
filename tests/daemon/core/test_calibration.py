"""The frozen calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from offbeat.core import tail
from offbeat.core.calibration import CAP, FrozenCalibration

Samples = list[np.ndarray]

values = st.one_of(st.floats(-1e6, 1e6, width=32), st.sampled_from([0.0, 1.0, float("nan")]))
samples = st.lists(
    hnp.arrays(np.float32, st.tuples(st.integers(0, 80), st.just(2)), elements=values), max_size=3
)


def column(*numbers: float) -> np.ndarray:
    """Return numbers as one column of raw values."""
    return np.array(numbers, np.float32)[:, None]


def surprises(law: FrozenCalibration, raw: np.ndarray, row: int = 1) -> np.ndarray:
    """Return the surprise of every raw value under one row's law."""
    return law.surprise(np.full(len(raw), row), raw)


@given(samples, hnp.arrays(np.float32, 20, elements=st.floats(-1e7, 1e7, width=32)), st.integers(0, 3))
def test_surprise_is_bounded_and_never_falls_as_the_value_grows(
    learnt: Samples, raw: np.ndarray, row: int
) -> None:
    """Whatever was learnt, from nothing at all to constants and gaps."""
    law = FrozenCalibration.fit(learnt, 2)
    raw = np.sort(raw)
    found = surprises(law, np.stack([raw, raw], axis=1), min(row, len(learnt)))
    for k in range(2):
        if np.isnan(found[:, k]).any():
            assert np.isnan(found[:, k]).all()
        else:
            assert (np.diff(found[:, k]) >= -1e-5).all()
            assert ((found[:, k] >= 0) & (found[:, k] <= CAP)).all()


def test_the_surprise_of_new_values_of_the_same_law_is_right() -> None:
    """Chances from 0.5 to 0.01 come out within 40 %, for light and for heavy tails."""
    rng = np.random.default_rng(2)
    for draw in (rng.uniform, rng.exponential, rng.lognormal):
        law = FrozenCalibration.fit([draw(size=(20_000, 1)).astype(np.float32)], 1)
        found = surprises(law, draw(size=(200_000, 1)).astype(np.float32))
        for chance in (0.5, 0.1, 0.05, 0.01):
            assert float((10.0**-found <= chance).mean()) == pytest.approx(chance, rel=0.4)


def test_a_value_that_ties_with_many_is_as_ordinary_as_they_are() -> None:
    """The chance is that of a value as large or larger: ties count."""
    law = FrozenCalibration.fit([column(*[0.0] * 500, *[1.0] * 450, *np.linspace(2, 3, 50))], 1)
    zero, one = surprises(law, column(0.0, 1.0))[:, 0]
    assert zero == 0
    assert 10.0**-one == pytest.approx(0.5, rel=0.1)


def test_a_constant_sample_believes_a_move_in_proportion() -> None:
    """Staying is no surprise; moving by three scales is as rare as the sample can say; NaN stays NaN."""
    law = FrozenCalibration.fit([column(*[7.0] * 999)], 1)
    stay, half, moved, nothing = surprises(law, column(7.0, 8.5, 10.0, np.nan))[:, 0]
    assert stay == 0
    assert half == pytest.approx(1.5, abs=0.1)
    assert moved == pytest.approx(3.0, abs=0.05)
    assert np.isnan(nothing)


def test_a_sensor_with_few_samples_is_judged_by_the_fleet() -> None:
    """Below 32 samples of a column the row's law is row 0's; other columns keep their own."""
    rng = np.random.default_rng(3)
    rich = rng.normal(size=(500, 2)).astype(np.float32)
    poor = rng.normal(100, 1, size=(200, 2)).astype(np.float32)
    poor[10:, 0] = np.nan
    law = FrozenCalibration.fit([rich, poor], 2)
    raw = np.array([[1.0, 1.0], [100.0, 100.0]], np.float32)
    assert (surprises(law, raw, 2)[:, 0] == surprises(law, raw, 0)[:, 0]).all()
    assert surprises(law, raw, 2)[0, 1] == 0


def test_every_sensor_weighs_the_same_in_the_fleet() -> None:
    """A sensor with a hundred times the rows does not own row 0."""
    few, many = np.full((100, 1), 0.0, np.float32), np.full((10_000, 1), 1.0, np.float32)
    law = FrozenCalibration.fit([few, many], 1)
    assert 10.0 ** -surprises(law, column(0.5), 0)[0, 0] == pytest.approx(0.5, rel=0.1)


def test_nothing_learnt_has_no_opinion() -> None:
    """Without any sample, or with all of them NaN, every surprise is NaN."""
    for learnt in ([], [np.full((50, 1), np.nan, np.float32)], [np.zeros((0, 1), np.float32)]):
        law = FrozenCalibration.fit(learnt, 1)
        assert np.isnan(surprises(law, column(0.0, 5.0), len(learnt))).all()


def test_faults_in_the_recording_do_not_blind_it() -> None:
    """With 4 % of the rows far off, a value as far off is still more surprising than any ordinary one."""
    rng = np.random.default_rng(4)
    sample = np.abs(rng.normal(size=(2000, 1))).astype(np.float32)
    clean = FrozenCalibration.fit([sample], 1)
    sample[:80] += 8
    dirty = FrozenCalibration.fit([sample], 1)
    far = column(9.0)
    assert surprises(dirty, far)[0, 0] > 2.5
    assert surprises(dirty, far)[0, 0] < surprises(clean, far)[0, 0]


def test_a_tail_of_surprises_may_be_thin_and_one_of_raw_values_may_not() -> None:
    """The prior of the shape is the caller's to choose."""
    sample = np.random.default_rng(5).uniform(size=(5000, 1)).astype(np.float32)
    assert FrozenCalibration.fit([sample], 1).xi[1, 0] == pytest.approx(0.2)
    assert FrozenCalibration.fit([sample], 1, shape=tail.SURPRISE).xi[1, 0] == pytest.approx(0.0)


def test_it_survives_being_written_down() -> None:
    """Tensors there and back give the same surprises."""
    rng = np.random.default_rng(6)
    law = FrozenCalibration.fit([rng.normal(size=(300, 3)).astype(np.float32)], 3)
    again = FrozenCalibration.from_tensors("a.", law.to_tensors("a."))
    raw = rng.normal(size=(50, 3)).astype(np.float32)
    assert np.array_equal(surprises(law, raw), surprises(again, raw))


def test_rows_are_judged_alone() -> None:
    """A row's surprise does not depend on its neighbours in the call."""
    rng = np.random.default_rng(7)
    law = FrozenCalibration.fit([rng.normal(size=(300, 2)).astype(np.float32) for _ in range(3)], 2)
    row, raw = rng.integers(0, 4, 40), rng.normal(scale=5, size=(40, 2)).astype(np.float32)
    together = law.surprise(row, raw)
    for i in range(40):
        assert np.array_equal(together[i : i + 1], law.surprise(row[i : i + 1], raw[i : i + 1]))
