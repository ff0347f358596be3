"""Principal components of the last ticks."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core import pca
from offbeat.core.pca import COMPONENTS, Pca
from offbeat.core.time_grid import MOST_LAGS

NOBODY = np.zeros(1, np.intp)


def waves(n: int, channels: int, seed: int, noise: float = 0.1) -> np.ndarray:
    """Return windows of a sine with any phase, the same in every channel, [n, lags * channels]."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    wave = np.sin(phase - np.arange(MOST_LAGS)[None, :, None] / 3)
    out = np.repeat(wave, channels, axis=2) + noise * rng.normal(size=(n, MOST_LAGS, channels))
    return out.reshape(n, -1).astype(np.float32)


def distance(learnt: Pca, cells: np.ndarray, row: int = 1, missing: list[bool] | None = None) -> np.ndarray:
    """Return the distance of windows of one sensor."""
    gone = np.tile(np.array(missing or [False] * (cells.shape[1] // MOST_LAGS)), (len(cells), 1))
    return learnt.distance(np.full(len(cells), row), cells, gone)


def test_ordinary_windows_are_about_one_away_and_strange_ones_far() -> None:
    """Noise beside a usual course is ordinary; a course in range that is none of the usual ones is not."""
    learnt = pca.fit([waves(2000, 1, 0)], 1)
    assert np.median(distance(learnt, waves(500, 1, 1))) == pytest.approx(1, abs=0.2)
    faster = np.sin(np.arange(MOST_LAGS) / 1.2)[None].astype(np.float32)
    assert distance(learnt, faster)[0] > 3


def test_a_broken_relation_is_seen_though_each_channel_is_ordinary() -> None:
    """The third channel goes on with a wave of its own."""
    learnt = pca.fit([waves(2000, 3, 0)], 3)
    whole = waves(300, 3, 1).reshape(300, MOST_LAGS, 3)
    apart = whole.copy()
    apart[:, :, 2] = waves(300, 1, 2).reshape(300, MOST_LAGS)
    usual = distance(learnt, whole.reshape(300, -1))
    assert np.median(distance(learnt, apart.reshape(300, -1))) > np.quantile(usual, 0.99)
    nobody = np.zeros(3, bool)
    blamed = [learnt.shares_of_distance(1, cells, nobody) for cells in apart.reshape(300, -1)]
    assert np.mean(np.argmax(blamed, axis=1) == 2) > 0.9


def test_leaving_channels_out_is_the_distance_among_the_others() -> None:
    """As exact as the full Gaussian of what is there; what the missing cells hold does not matter."""
    cells = waves(2000, 2, 0)
    learnt = pca.fit([cells], 2)
    noise = float(learnt.noise[1])
    fade = np.repeat(0.5 ** (np.arange(MOST_LAGS) / (pca.HALF_OF_LAGS * MOST_LAGS)), 2)
    basis = learnt.basis[1].astype(np.float64)
    share = (basis**2).sum(axis=1)
    used = share > 0
    covariance = noise**2 * (
        np.eye(2 * MOST_LAGS) + (basis[used].T / (1 - share[used]).clip(1e-6)) @ basis[used]
    )
    here = np.arange(2 * MOST_LAGS) % 2 == 0
    window = waves(1, 2, 5)
    away = ((window[0] - learnt.mean[1]) * fade)[here].astype(np.float64)
    exact = np.sqrt(away @ np.linalg.solve(covariance[np.ix_(here, here)], away) / here.sum())
    other = window.copy()
    other[0, ~here] = 99
    for one in (window, other):
        assert distance(learnt, one, missing=[False, True])[0] == pytest.approx(exact, rel=1e-3)
    assert np.isnan(distance(learnt, window, missing=[True, True])[0])


def test_with_nothing_missing_both_ways_agree() -> None:
    """The short way and the exact one."""
    learnt = pca.fit([waves(500, 2, 0)], 2)
    cells = waves(20, 2, 1)
    none = np.zeros((20, 2), bool)
    exact = learnt._distance_without(np.ones(20, np.intp), cells, none)
    assert distance(learnt, cells) == pytest.approx(exact, rel=1e-3)


def test_a_sensor_with_few_windows_leans_on_the_fleet() -> None:
    """And one that was never seen is judged by the fleet alone."""
    fleet = [waves(1000, 1, i) for i in range(3)]
    learnt = pca.fit([*fleet, waves(3, 1, 9)], 1)
    fresh = waves(300, 1, 11)
    assert np.median(distance(learnt, fresh, row=4)) < 1.6
    assert np.median(distance(learnt, fresh, row=0)) < 1.6


def test_nothing_learnt_still_judges_and_tensors_come_back() -> None:
    """Without a recording; and an artifact holds what was learnt."""
    learnt = pca.fit([], 2)
    assert np.isfinite(distance(learnt, waves(5, 2, 0), row=0)).all()
    assert learnt.basis.shape == (1, COMPONENTS, 2 * MOST_LAGS)
    again = Pca.from_tensors("a.", learnt.to_tensors("a."))
    assert all(np.array_equal(getattr(again, k), getattr(learnt, k)) for k in ("mean", "basis", "noise"))


def test_a_few_faulty_windows_do_not_hide_their_like() -> None:
    """Two percent of the recording are left out of the fit."""
    cells = waves(2000, 1, 0)
    odd = np.tile((np.arange(MOST_LAGS) % 2 * 6 - 3).astype(np.float32), (30, 1))
    clean, dirty = pca.fit([cells], 1), pca.fit([np.concatenate([cells, odd])], 1)
    assert distance(dirty, odd[:1])[0] > 0.6 * distance(clean, odd[:1])[0]
