"""The linear streams."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.linear import LinearStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def walk(n: int, seed: int, share: float = 0.95) -> np.ndarray:
    """Return an autoregressive sensor."""
    rng = np.random.default_rng(seed)
    values = np.zeros(n)
    for i in range(1, n):
        values[i] = share * values[i - 1] + rng.normal() * 0.2
    return values


def test_a_step_that_is_small_for_the_level_is_large_for_the_prediction() -> None:
    """Residuals are in units of the usual residual, not of the level."""
    commission = commissioned(recording(walk(2000, 0)))
    stream = LinearStream(commission, 1)
    values = walk(200, 1)
    usual = [stream.update(rows)[0, 0] for rows in rounds_of_one(commission, values)]
    assert np.isnan(usual[:8]).all()
    assert np.mean(usual[8:]) == pytest.approx(0.8, abs=0.25)
    spike = stream.update(round_of(commission, [0], values[-1:, None] + 1.6, [1.0]))
    assert spike[0, 0] > 5


def test_a_long_gap_widens_what_is_expected() -> None:
    """The same step after a hundred median gaps is no surprise."""
    commission = commissioned(recording(walk(2000, 2)))
    said = []
    for gap in (1.0, 100.0):
        stream = LinearStream(commission, 1)
        values = walk(100, 3)
        for rows in rounds_of_one(commission, values):
            stream.update(rows)
        said.append(stream.update(round_of(commission, [0], values[-1:, None] + 1.6, [gap]))[0, 0])
    assert said[1] < said[0] / 4


def test_another_channel_that_leads_is_used() -> None:
    """With few channels the others' last values are regressors, so a broken relation is seen."""
    rng = np.random.default_rng(4)
    lead = rng.normal(size=3001)
    values = np.column_stack([lead[1:], lead[:-1] + 0.05 * rng.normal(size=3000)])
    commission = commissioned(recording(values[:2000]))
    stream = LinearStream(commission, 1)
    usual = [stream.update(rows)[0, 0] for rows in rounds_of_one(commission, values[2000:])]
    broken = stream.update(round_of(commission, [0], np.array([[0.0, values[-1, 0] + 1.0]]), [1.0]))
    assert broken[0, 0] > 2 * np.quantile(usual[8:], 0.99)


def test_a_channel_that_stops_does_not_make_the_others_strange() -> None:
    """Its last value is too old to go by: what the others tell of it stands for it."""
    rng = np.random.default_rng(6)
    signal = np.sin(np.cumsum(0.3 + 0.05 * rng.normal(size=2300)))
    values = signal[:, None] + 0.1 * rng.normal(size=(2300, 3))
    commission = commissioned(recording(values[:2000]))
    lost = values[2000:].copy()
    lost[100:, 2] = np.nan
    said = []
    for played in (values[2000:], lost):
        stream = LinearStream(commission, 1)
        said.append([stream.update(rows)[0, 0] for rows in rounds_of_one(commission, played)])
    assert np.mean(said[1][110:]) < 1.3 * np.mean(said[0][110:])


def test_many_channels_stay_apart() -> None:
    """Above eight channels no other channel is a regressor, and it still works."""
    values = np.random.default_rng(5).normal(size=(300, 9))
    commission = commissioned(recording(values))
    assert commission.ridge.cross.shape == (2, 9, 0)
    stream = LinearStream(commission, 1)
    said = [stream.update(rows) for rows in rounds_of_one(commission, values)]
    assert np.isfinite(said[-1]).all()


def test_variance_speaks_of_both_directions() -> None:
    """Noise three times as wide, or a tenth, is as strange as the other; the usual one is not."""
    rng = np.random.default_rng(6)
    commission = commissioned(recording(rng.normal(size=3000)))
    column = LinearStream.names.index("variance")

    def last(width: float) -> float:
        stream = LinearStream(commission, 1)
        values = np.r_[rng.normal(size=100), width * rng.normal(size=100)]
        return float([stream.update(rows) for rows in rounds_of_one(commission, values)][-1][0, column])

    assert last(1.0) < 0.8
    assert last(3.0) > 1.4
    assert last(0.1) > 1.4


def test_unrest_lasts_where_signs_cancel() -> None:
    """The mean residual of wide noise is nothing; its mean size is not, and one outlier does not make it."""
    rng = np.random.default_rng(7)
    commission = commissioned(recording(rng.normal(size=3000)))
    mean, unrest = (LinearStream.names.index(name) for name in ("linear_mean", "unrest"))
    stream = LinearStream(commission, 1)
    values = np.r_[rng.normal(size=200), 3 * rng.normal(size=150)]
    said = np.concatenate([stream.update(rows) for rows in rounds_of_one(commission, values)])
    assert np.median(said[-50:, unrest]) > 1.8 * np.median(said[100:200, unrest])
    assert np.median(said[-50:, mean]) < 0.6
    one = LinearStream(commission, 1)
    values = np.r_[rng.normal(size=200), 1e6]
    assert np.concatenate([one.update(rows) for rows in rounds_of_one(commission, values)])[-1, unrest] < 1.4


def test_wide_is_of_several_channels_only() -> None:
    """With one channel it would only repeat what is said already; with many, three that move outweigh one."""
    rng = np.random.default_rng(8)
    column = LinearStream.names.index("linear_wide")
    single = commissioned(recording(rng.normal(size=300)))
    stream = LinearStream(single, 1)
    said = [stream.update(rows)[0, column] for rows in rounds_of_one(single, rng.normal(size=50))]
    assert np.isnan(said).all()
    values = rng.normal(size=(500, 10))
    commission = commissioned(recording(values))

    def after(moved: int) -> float:
        stream = LinearStream(commission, 1)
        rows = np.vstack([values[:40], values[40:41] + 6.0 * (np.arange(10) < moved)])
        return float([stream.update(r) for r in rounds_of_one(commission, rows)][-1][0, column])

    assert after(0) < after(1) < after(3)
