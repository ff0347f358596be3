"""Fusion of surprises by track."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.fusion import Fusion
from offbeat.core.streams.registry import (
    MOVEMENT,
    STREAM_NAMES,
    STREAM_TRACKS,
    TRACKS,
    voting,
)

PROCESS, RHYTHM, STUCK = range(3)


def said(**surprise: float) -> np.ndarray:
    """Return a row of surprises; streams that are not named have no opinion."""
    return np.array([[surprise.get(name, np.nan) for name in STREAM_NAMES]], np.float32)


def everywhere(surprise: float) -> np.ndarray:
    """Return a row in which every stream says the same."""
    return np.full((1, len(STREAM_NAMES)), surprise, np.float32)


def test_a_track_says_the_power_mean_of_those_that_have_an_opinion() -> None:
    """Streams without an opinion are left out, not counted as calm."""
    fused = Fusion().of(said(level=4.0, jump=2.0, stuck=1.0)).surprise[0]
    assert fused[PROCESS] == pytest.approx(((4.0**1.5 + 2.0**1.5) / 2) ** (2 / 3), rel=1e-5)
    assert np.isnan(fused[RHYTHM])
    assert fused[STUCK] == pytest.approx(1.0)


def test_alerts_hear_movement_five_times_where_that_is_louder() -> None:
    """Three that ask how a sensor moves are not outvoted by those that ask where it is, nor do they outvote them."""
    calm = dict.fromkeys(["level", "jump", "drift", *MOVEMENT], 0.0)
    moves = Fusion().of(said(**(calm | dict.fromkeys(MOVEMENT, 4.0))))
    places = Fusion().of(said(**(calm | dict.fromkeys(["level", "jump", "drift"], 3.0))))
    assert moves.severity[0, PROCESS] == pytest.approx(4.0 * (1 / 2) ** (2 / 3), rel=1e-5)
    assert moves.surprise[0, PROCESS] == pytest.approx(4.0 * (15 / 18) ** (2 / 3), rel=1e-5)
    assert places.severity[0, PROCESS] == pytest.approx(3.0 * (1 / 2) ** (2 / 3), rel=1e-5)
    assert places.surprise[0, PROCESS] == places.severity[0, PROCESS]


def test_what_few_streams_see_at_full_size_is_not_averaged_away() -> None:
    """Two of ten that are sure weigh more than ten that are a little surprised, by the same sum; none decides alone."""
    names = [name for name, track in zip(STREAM_NAMES, STREAM_TRACKS, strict=True) if track == "process"][:10]
    few = dict.fromkeys(names, 0.0) | dict.fromkeys(names[:2], 5.0)
    many = dict.fromkeys(names, 1.0)
    sure, unsure = (Fusion().of(said(**one)).surprise[0, PROCESS] for one in (few, many))
    assert unsure == pytest.approx(1.0)
    assert 1.5 < sure < 2.5


def test_a_stream_without_a_vote_is_not_heard() -> None:
    """Not even where it is the only one with an opinion; its own track is as if it had none."""
    only_cheap = Fusion(voting(model=False))
    assert only_cheap.of(said(level=1.0, value=9.0, window=9.0)).surprise[0, PROCESS] == pytest.approx(1.0)
    assert np.isnan(only_cheap.of(said(value=9.0)).surprise[0, PROCESS])
    assert only_cheap.of(said(pace=2.0, gap=9.0)).surprise[0, RHYTHM] == pytest.approx(2.0)


def test_tracks_do_not_touch_each_other() -> None:
    """A rhythm that is off says nothing of the process."""
    one = everywhere(0.5)
    two = one.copy()
    two[0, [track != "process" for track in STREAM_TRACKS]] = 9.0
    calm, loud = Fusion().of(one), Fusion().of(two)
    assert calm.surprise[0, PROCESS] == loud.surprise[0, PROCESS]
    assert calm.severity[0, PROCESS] == loud.severity[0, PROCESS]


def test_no_opinion_at_all_is_no_opinion() -> None:
    """Of any track."""
    silent = Fusion().of(said())
    assert np.isnan(silent.surprise).all()
    assert np.isnan(silent.severity).all()


def test_a_row_is_fused_alone() -> None:
    """Whatever rows stand beside it and however many there are: to the last bit."""
    random = np.random.default_rng(0)
    rows = random.exponential(size=(33, len(STREAM_NAMES))).astype(np.float32)
    rows[random.random(rows.shape) < 0.2] = np.nan
    fusion = Fusion(voting(model=True))
    together, alone = fusion.of(rows), [fusion.of(rows[at : at + 1]) for at in range(len(rows))]
    surprise, severity = (
        np.concatenate([getattr(one, name) for one in alone]) for name in ("surprise", "severity")
    )
    assert np.array_equal(together.surprise, surprise, equal_nan=True)
    assert np.array_equal(together.severity, severity, equal_nan=True)


def test_every_stream_is_on_a_known_track() -> None:
    """The columns of the fusion follow the registry."""
    assert Fusion().of(everywhere(1.0)).surprise.shape == (1, len(TRACKS))
