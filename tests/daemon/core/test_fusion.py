"""Fusion of surprises by track."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.fusion import Fused, Fusion
from offbeat.core.streams.registry import MOVEMENT, STREAM_NAMES, STREAM_TRACKS, TRACKS, VOTES, voting

PROCESS, RHYTHM, STUCK = range(3)
ONE = np.array([0])


def said(**surprise: float) -> np.ndarray:
    """Return a row of surprises; streams that are not named have no opinion."""
    return np.array([[surprise.get(name, np.nan) for name in STREAM_NAMES]], np.float32)


def everywhere(surprise: float) -> np.ndarray:
    """Return a row in which every stream says the same."""
    return np.full((1, len(STREAM_NAMES)), surprise, np.float32)


def fuse(fusion: Fusion, surprise: np.ndarray, gap_seconds: float = 60.0, gap: float = 1.0) -> Fused:
    """Fuse one row of sensor 0, a usual gap after the last."""
    return fusion.update(ONE, np.array([gap_seconds]), np.array([gap], np.float32), surprise)


def test_a_track_says_the_power_mean_of_those_that_have_an_opinion() -> None:
    """Streams without an opinion are left out, not counted as calm."""
    fused = fuse(Fusion(1), said(level=4.0, jump=2.0, stuck=1.0)).surprise[0]
    assert fused[PROCESS] == pytest.approx(((4.0**1.5 + 2.0**1.5) / 2) ** (2 / 3), rel=1e-5)
    assert np.isnan(fused[RHYTHM])
    assert fused[STUCK] == pytest.approx(1.0)


def test_a_stream_that_asks_how_a_sensor_moves_counts_twice() -> None:
    """Wherever else the others look: three against eight."""
    moves, places = (
        fuse(Fusion(1), said(**{name: 3.0, "jump": 0.0})).surprise[0, PROCESS] for name in ("unrest", "level")
    )
    assert moves == pytest.approx(3.0 * (2 / 3) ** (2 / 3), rel=1e-5)
    assert places == pytest.approx(3.0 * (1 / 2) ** (2 / 3), rel=1e-5)
    assert {name for name, votes in zip(STREAM_NAMES, VOTES, strict=True) if votes != 1} == set(MOVEMENT)


def test_what_few_streams_see_at_full_size_is_not_averaged_away() -> None:
    """Two of ten that are sure weigh more than ten that are a little surprised, by the same sum; none decides alone."""
    names = [
        "level",
        "level_mean",
        "level_wide",
        "adaptive",
        "drift",
        "linear",
        "linear_mean",
        "jump",
        "relation",
        "novelty",
    ]
    few = dict.fromkeys(names, 0.0) | dict.fromkeys(names[:2], 5.0)
    many = dict.fromkeys(names, 1.0)
    sure, unsure = (fuse(Fusion(1), said(**one)).surprise[0, PROCESS] for one in (few, many))
    assert unsure == pytest.approx(1.0)
    assert 1.5 < sure < 2.5


def test_a_stream_without_a_vote_is_not_heard() -> None:
    """Not even where it is the only one with an opinion; its own track is as if it had none."""
    only_cheap = Fusion(1, voting(model=False))
    assert fuse(only_cheap, said(level=1.0, value=9.0, window=9.0)).surprise[0, PROCESS] == pytest.approx(1.0)
    assert np.isnan(fuse(only_cheap, said(value=9.0)).surprise[0, PROCESS])
    assert fuse(only_cheap, said(pace=2.0, gap=9.0)).surprise[0, RHYTHM] == pytest.approx(2.0)


def test_tracks_do_not_touch_each_other() -> None:
    """A rhythm that is off says nothing of the process."""
    loud, calm = Fusion(1), Fusion(1)
    one = everywhere(0.5)
    two = one.copy()
    two[0, [track != "process" for track in STREAM_TRACKS]] = 9.0
    assert fuse(calm, one).severity[0, PROCESS] == fuse(loud, two).severity[0, PROCESS]


def test_no_opinion_at_all_is_no_opinion() -> None:
    """And leaves the state as it was, but for the peak that fades."""
    fusion = Fusion(1)
    fuse(fusion, everywhere(2.0))
    silent = fuse(fusion, said())
    assert np.isnan(silent.surprise).all()
    assert np.isnan(silent.severity).all()
    after = fuse(fusion, everywhere(0.0))
    assert after.severity[0, PROCESS] == pytest.approx(2.0 * 0.5**0.5 + 0.5 * 1.0, abs=0.05)


def test_severity_holds_a_peak_and_fades_by_half_in_four_usual_gaps() -> None:
    """One spike stays visible for some rows; the alarm's surprise does not hold."""
    fusion = Fusion(1)
    fuse(fusion, everywhere(8.0), 86_400.0)
    for _ in range(4):
        calm = fuse(fusion, everywhere(0.0), 86_400.0)
    assert calm.surprise[0, PROCESS] == 0
    assert calm.severity[0, PROCESS] == pytest.approx(4.0, abs=0.8)


def test_what_is_held_fades_in_time_and_not_in_rows() -> None:
    """A sensor that loses rows holds a peak for the same time: four usual gaps in one are as four rows."""
    often, seldom = Fusion(1), Fusion(1)
    for fusion in (often, seldom):
        fuse(fusion, everywhere(8.0), 86_400.0)
    for _ in range(4):
        each = fuse(often, everywhere(0.0), 86_400.0)
    at_once = fuse(seldom, everywhere(0.0), 86_400.0, gap=4.0)
    assert at_once.severity[0, PROCESS] == pytest.approx(each.severity[0, PROCESS], abs=0.8)
    before = at_once.severity[0, PROCESS]
    after = fuse(seldom, everywhere(0.0), 86_400.0, gap=400.0).severity[0, PROCESS]
    assert before / 3 < after < before, "and is seen by somebody who looks at one row"


def test_a_long_event_becomes_more_severe_than_a_short_one() -> None:
    """The mean over hours adds up to half of what is said for long, at most two."""
    fusion = Fusion(1)
    for _ in range(200):
        fuse(fusion, everywhere(0.3))
    first = fuse(fusion, everywhere(3.0)).severity[0, PROCESS]
    for _ in range(200):
        last = fuse(fusion, everywhere(3.0)).severity[0, PROCESS]
    assert last > first + 1
    for _ in range(200):
        most = fuse(fusion, everywhere(20.0)).severity[0, PROCESS]
    assert most == pytest.approx(22.0, abs=0.1)


def test_a_sensor_is_fused_alone() -> None:
    """Solo equals together, and a reset forgets one sensor only."""
    rng = np.random.default_rng(0)
    together, alone = Fusion(3), Fusion(3)
    slots = np.arange(3)
    for _ in range(20):
        surprise = rng.exponential(size=(3, len(STREAM_NAMES))).astype(np.float32)
        both = together.update(slots, np.full(3, 60.0), np.ones(3, np.float32), surprise)
        one = alone.update(slots[1:2], np.array([60.0]), np.ones(1, np.float32), surprise[1:2])
        assert np.array_equal(both.severity[1:2], one.severity)
    together.reset(np.array([0]))
    assert all(not array[0].any() and array[1].any() for array in together.arrays().values())


def test_state_comes_back_from_a_snapshot() -> None:
    """Arrays there and back, and it goes on as before."""
    one, two = Fusion(1), Fusion(4)
    for surprise in (5.0, 0.1, 0.2):
        fuse(one, everywhere(surprise))
    two.restore({name: array.copy() for name, array in one.arrays().items()})
    assert np.array_equal(fuse(one, everywhere(1.0)).severity, fuse(two, everywhere(1.0)).severity)


def test_every_stream_is_on_a_known_track() -> None:
    """The columns of the fusion follow the registry."""
    assert fuse(Fusion(1), everywhere(1.0)).surprise.shape == (1, len(TRACKS))
