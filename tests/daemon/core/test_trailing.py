"""The trailing calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offbeat.core.commission import Commission
from offbeat.core.commissioning import calibrate_tracks
from offbeat.core.fusion import Fused
from offbeat.core.streams.registry import TRACKS
from offbeat.core.trailing import HELD_ROWS, REFIT_ROWS, TrailingCalibration
from tests.support.commissioned import commissioned, recording

SENSORS = 40
Q = len(TRACKS)


def commission(rows: int = 3000, scale: float = 0.4, alike: int = 1) -> Commission:
    """Return a commission of one sensor whose fused surprise is exponential, so many rows alike at a time."""
    rng = np.random.default_rng(0)
    fused = np.repeat(rng.exponential(scale, size=(rows // alike, Q)), alike, axis=0).astype(np.float32)
    learnt = commissioned(recording(rng.normal(size=200)))
    return calibrate_tracks(learnt, {"a": Fused(fused, fused)})


def rows(n: int = SENSORS, row: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return slots and rows of n sensors that all have one row of the commission."""
    return np.arange(n), np.full(n, row)


def test_on_day_zero_it_says_what_the_frozen_calibration_says() -> None:
    """A sensor starts from its commission: same chance within a factor of 2, bulk and tail."""
    learnt = commission()
    assert learnt.alarm is not None
    g = np.repeat(np.linspace(0.01, 4, SENSORS, dtype=np.float32)[:, None], Q, axis=1)
    trailing = TrailingCalibration(learnt, SENSORS).p_value(*rows(), g)
    frozen = 10.0 ** -learnt.alarm.surprise(rows()[1], g).astype(float)
    assert (np.abs(np.log10(trailing / frozen)) < 0.3).all()


def test_it_keeps_its_rate_on_a_sensor_that_drifts() -> None:
    """While the frozen law is off by orders, the trailing one raises about as many rows as it should."""
    learnt = commission()
    assert learnt.alarm is not None
    rng = np.random.default_rng(1)
    trailing = TrailingCalibration(learnt, SENSORS)
    said, frozen = [], []
    for i in range(6000):
        g = rng.exponential(0.4 * (1 + i / 6000), size=(SENSORS, Q)).astype(np.float32)
        said.append(trailing.p_value(*rows(), g)[:, 0])
        frozen.append(10.0 ** -learnt.alarm.surprise(rows()[1], g)[:, 0])
        trailing.update(*rows(), g)
    for chance in (1e-2, 1e-3):
        assert chance / 3 < (np.array(said[500:]) < chance).mean() < chance * 3
    assert (np.array(frozen[500:]) < 1e-3).mean() > 1e-2


def test_it_keeps_its_rate_when_nothing_changes() -> None:
    """On the law it started from, exceedances are nominal down to 1e-4."""
    rng = np.random.default_rng(2)
    trailing = TrailingCalibration(commission(), SENSORS)
    said = []
    for _ in range(3000):
        g = rng.exponential(0.4, size=(SENSORS, Q)).astype(np.float32)
        said.append(trailing.p_value(*rows(), g))
        trailing.update(*rows(), g)
    for chance, within in ((1e-2, 0.25), (1e-3, 0.4), (1e-4, 0.8)):
        assert (np.array(said) < chance).mean() == pytest.approx(chance, rel=within)


@pytest.mark.parametrize("rows_alike", [1, 3, 10])
def test_the_chance_is_that_of_a_bout_however_long_bouts_are(rows_alike: int) -> None:
    """What is alarmed is counted in episodes: rows that come in runs give as many alarms as rows that do not."""
    rng = np.random.default_rng(8)
    trailing = TrailingCalibration(commission(alike=rows_alike), SENSORS)
    said = []
    for i in range(6000):
        if i % rows_alike == 0:
            g = rng.exponential(0.4, size=(SENSORS, Q)).astype(np.float32)
        if i > 2000:
            said.append(trailing.p_value(*rows(), g)[:, 0])
        trailing.update(*rows(), g)
    for chance in (3e-3, 1e-3):
        strange = np.array(said) < chance
        begins = (strange[1:] & ~strange[:-1]).mean()
        assert begins == pytest.approx(chance, rel=0.5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 500), st.sampled_from([0.0, 0.05, 1.0, 6.0]))
def test_the_chance_never_rises_with_the_surprise(seed: int, learnt_rows: int, scale: float) -> None:
    """Whatever was learnt, also constants, a larger g is not more likely."""
    rng = np.random.default_rng(seed)
    trailing = TrailingCalibration(LEARNT, 1)
    for _ in range(learnt_rows):
        g = np.minimum(rng.exponential(scale, size=(1, Q)), 20).astype(np.float32)
        trailing.update(np.array([0]), np.array([1]), g)
    levels = np.sort(rng.uniform(0, 20, 60)).astype(np.float32)
    p = [trailing.p_value(np.array([0]), np.array([1]), np.full((1, Q), g, np.float32))[0, 0] for g in levels]
    assert (np.diff(p) <= 1e-7).all()
    assert ((np.array(p) > 0) & (np.array(p) <= 1)).all()


LEARNT = commission()


def test_judging_does_not_learn() -> None:
    """Only `update` does."""
    trailing = TrailingCalibration(LEARNT, 2)
    slots, row = rows(2)
    strange = np.full((2, Q), 8.0, np.float32)
    first = trailing.p_value(slots, row, strange)
    assert np.array_equal(trailing.p_value(slots, row, strange), first)


@pytest.mark.parametrize("known_rows", [300, 5000])
def test_the_same_fault_is_as_strange_when_it_comes_again(known_rows: int) -> None:
    """A fault of many rows has not become ordinary, neither for a young sensor nor for an old one."""
    learnt = commission(known_rows)
    trailing = TrailingCalibration(learnt, 4)
    slots, row = rows(4)
    rng = np.random.default_rng(9)
    fault = np.full((4, Q), 6.0, np.float32)
    for allowed in (1e-5, 1e-4):
        assert (trailing.p_value(slots, row, fault) < allowed).all()
        for _ in range(80):
            trailing.update(slots, row, fault)
        for _ in range(300):
            trailing.update(slots, row, rng.exponential(0.4, size=(4, Q)).astype(np.float32))


def test_a_change_that_lasts_becomes_ordinary() -> None:
    """What is held back is held back for a time only."""
    trailing = TrailingCalibration(LEARNT, 4)
    slots, row = rows(4)
    strange = np.full((4, Q), 8.0, np.float32)
    for _ in range(int(HELD_ROWS) + 3 * REFIT_ROWS):
        trailing.update(slots, row, strange)
    assert (trailing.p_value(slots, row, strange) > 0.01).all()


def test_no_opinion_is_neither_judged_nor_learnt() -> None:
    """NaN stays NaN, by track."""
    trailing = TrailingCalibration(LEARNT, 1)
    slots, row = rows(1)
    before = trailing.p_value(slots, row, np.full((1, Q), 2.0, np.float32))
    some = np.array([[np.nan] + [2.0] * (Q - 1)], np.float32)
    for _ in range(250):
        trailing.update(slots, row, some)
    said = trailing.p_value(slots, row, some)
    assert np.isnan(said[0, 0])
    assert np.isfinite(said[0, 1:]).all()
    after = trailing.p_value(slots, row, np.full((1, Q), 2.0, np.float32))
    assert after[0, 0] == before[0, 0]
    assert (after[0, 1:] > before[0, 1:]).all()


def test_an_unknown_sensor_soon_has_its_own_law() -> None:
    """The fleet's law counts for a few hundred rows only."""
    trailing = TrailingCalibration(LEARNT, 1)
    slots, row = rows(1, row=0)
    rng = np.random.default_rng(3)
    usual = np.full((1, Q), 2.0, np.float32)
    assert (trailing.p_value(slots, row, usual) < 0.02).all()
    for _ in range(600):
        trailing.update(slots, row, rng.exponential(2.0, size=(1, Q)).astype(np.float32))
    assert (trailing.p_value(slots, row, usual) > 0.05).all()


def test_a_long_life_does_not_wear_it_out() -> None:
    """After the weights have been brought back many times the rate is still right."""
    trailing = TrailingCalibration(LEARNT, 4)
    rng = np.random.default_rng(4)
    slots, row = rows(4)
    said = []
    for i in range(40_000):
        g = rng.exponential(0.4, size=(4, Q)).astype(np.float32)
        if i > 35_000:
            said.append(trailing.p_value(slots, row, g))
        trailing.update(slots, row, g)
    assert (np.array(said) < 1e-2).mean() == pytest.approx(1e-2, rel=0.3)
    assert all(np.isfinite(array).all() for array in trailing.arrays().values())


def test_a_sensor_is_judged_alone_and_comes_back_from_a_snapshot() -> None:
    """Solo equals together; arrays there and back go on; a reset starts again from the commission."""
    rng = np.random.default_rng(5)
    together, alone = TrailingCalibration(LEARNT, 3), TrailingCalibration(LEARNT, 3)
    slots, row = rows(3)
    for _ in range(450):
        g = rng.exponential(0.6, size=(3, Q)).astype(np.float32)
        both = together.p_value(slots, row, g)
        together.update(slots, row, g)
        assert np.array_equal(alone.p_value(slots[1:2], row[1:2], g[1:2]), both[1:2])
        alone.update(slots[1:2], row[1:2], g[1:2])
    again = TrailingCalibration(LEARNT, 5)
    again.restore({name: array.copy() for name, array in together.arrays().items()})
    assert np.array_equal(again.p_value(slots, row, g), together.p_value(slots, row, g))
    together.reset(np.array([2]))
    new = TrailingCalibration(LEARNT, 3).p_value(slots, row, g)
    assert np.array_equal(together.p_value(slots, row, g)[2], new[2])
    assert np.array_equal(together.p_value(slots, row, g)[:2], again.p_value(slots, row, g)[:2])


def test_without_calibrated_tracks_it_has_no_opinion() -> None:
    """A group that was never commissioned opens no episodes."""
    bare = commissioned(recording(np.random.default_rng(6).normal(size=100)))
    trailing = TrailingCalibration(bare, 2)
    g = np.ones((2, Q), np.float32)
    trailing.update(*rows(2), g)
    assert np.isnan(trailing.p_value(*rows(2), g)).all()
    trailing.reset(np.array([0]))
