"""Bouts: rows that are strange together."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.bouts import CLOSE_ROWS, MEMORY, MOST, Bouts

SENSORS = 30


def bouts(length: float = 1.0, reach: float = 1.0, sensors: int = SENSORS) -> Bouts:
    """Return bouts of sensors with one track that began with what is usual."""
    out = Bouts((sensors, 1))
    out.start(np.arange(sensors), np.full((sensors, 1), length), np.full((sensors, 1), reach))
    return out


def play(out: Bouts, excess: list[float]) -> None:
    """Let all sensors see the same rows; one at or below -1 is calm."""
    slots = np.arange(len(out.length))
    for one in excess:
        row = np.full((len(slots), 1), one, np.float32)
        out.update(slots, row, row <= -1)


def bout(*excess: float) -> list[float]:
    """Return the rows of one bout and the calm ones that end it."""
    return [*excess, *[-1.0] * CLOSE_ROWS]


def test_length_and_reach_become_those_of_the_bouts_seen() -> None:
    """Whatever was believed before fades."""
    out = bouts(length=20.0, reach=3.0)
    for _ in range(1000):
        play(out, bout(0.2, 0.5, -0.5, 0.3))
    assert out.length == pytest.approx(3.0, rel=0.01)
    assert out.reach == pytest.approx(0.5, rel=0.01)


def test_rows_that_are_neither_strange_nor_calm_do_not_part_a_bout() -> None:
    """Two peaks with fewer calm rows between them than an episode needs to close are one."""
    out = bouts()
    play(out, [0.5, *[-1.0] * (CLOSE_ROWS - 1), -0.5, -1.0, 0.7])
    assert (out.rows(np.arange(SENSORS)) == 2).all()
    play(out, [-1.0] * CLOSE_ROWS)
    assert (out.rows(np.arange(SENSORS)) == 0).all()


def test_a_row_without_an_opinion_is_neither() -> None:
    """NaN neither ends nor prolongs a bout."""
    out = bouts()
    play(out, [0.5, *[-1.0] * (CLOSE_ROWS - 1), float("nan"), -1.0])
    assert (out.rows(np.arange(SENSORS)) == 0).all()


def test_one_fault_does_not_make_a_sensor_deaf() -> None:
    """However far and long a fault goes, it moves what is usual by little."""
    out = bouts(length=2.0)
    for _ in range(int(MEMORY)):
        play(out, bout(1.0, 0.5))
    before = out.length.copy(), out.reach.copy()
    play(out, bout(*[1000.0] * 5000))
    for now, then in zip((out.length, out.reach), before, strict=True):
        assert (now / then - 1 <= MOST / MEMORY).all()


def test_exponential_reaches_are_told_to_a_tenth() -> None:
    """Forgetting leaves enough bouts to lean on."""
    rng = np.random.default_rng(0)
    out, slots = bouts(sensors=300), np.arange(300)
    calm = np.full((300, 1), -1.0, np.float32)
    for _ in range(200):
        row = rng.exponential(0.3, (300, 1)).astype(np.float32)
        out.update(slots, row, row <= -1)
        for _ in range(CLOSE_ROWS):
            out.update(slots, calm, calm <= -1)
    assert out.reach.mean() == pytest.approx(0.3, rel=0.05)
    assert out.reach.std() < 0.15 * 0.3
