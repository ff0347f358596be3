"""The shape stream: the course of the last ticks, and channels that go together."""

from __future__ import annotations

import numpy as np

from offbeat.core.commission import Commission
from offbeat.core.streams.shape import ShapeStream
from tests.support.commissioned import commissioned, recording, round_of, rounds_of_one


def channels(n: int, seed: int, count: int = 3) -> np.ndarray:
    """Return channels that follow one slow wave with a wandering pace, each with its own scale and noise."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.cumsum(0.25 + 0.05 * rng.normal(size=n)))
    return wave[:, None] * (1 + np.arange(count)) * 10 + rng.normal(size=(n, count))


def said(commission: Commission, values: np.ndarray) -> np.ndarray:
    """Return what the stream says to each row of one sensor, [n, 2]."""
    stream = ShapeStream(commission, 1)
    return np.concatenate([stream.update(rows) for rows in rounds_of_one(commission, values)])


def decoupled(seed: int) -> np.ndarray:
    """Return 200 rows, of the last 40 of which the middle channel comes from another time."""
    values, other = channels(240, seed), channels(240, seed + 1)
    values[200:, 1] = other[200:, 1]
    return values


def test_a_decoupled_channel_is_heard_by_both_columns() -> None:
    """No value is out of range."""
    commission = commissioned(recording(channels(3000, 0)))
    raw = said(commission, decoupled(1))
    for column in range(2):
        usual = raw[60:200, column]
        assert np.nanmax(raw[200:, column]) > 1.5 * np.nanmax(usual)


def test_a_frequency_in_range_is_heard_by_the_shape() -> None:
    """With one channel there is no relation."""
    commission = commissioned(recording(channels(3000, 0, 1)))
    values = channels(300, 1, 1)
    values[200:, 0] = 10 * np.sin(np.arange(100) * 0.9)
    raw = said(commission, values)
    assert np.isnan(raw[:, 1]).all()
    assert np.nanmax(raw[200:, 0]) > 2 * np.nanmax(raw[60:200, 0])


def test_a_channel_that_stops_is_left_out_and_the_others_are_still_judged() -> None:
    """A missing channel is no anomaly of the rest, and hides none."""
    commission = commissioned(recording(channels(3000, 0)))
    values = channels(400, 1)
    values[150:, 2] = np.nan
    raw = said(commission, values)
    assert np.isfinite(raw[160:]).all()
    assert (np.nanmax(raw[170:], axis=0) < 2 * np.nanmax(raw[60:150], axis=0)).all()
    broken = values.copy()
    broken[350:, 1] = channels(400, 7)[350:, 1]
    assert (np.nanmax(said(commission, broken)[350:], axis=0) > 1.5 * np.nanmax(raw[170:], axis=0)).all()


def test_channels_that_take_turns_are_related_as_well() -> None:
    """Each row holds one channel; the ticks are as long as a turn."""
    whole = channels(2000, 0)
    turns = np.full_like(whole, np.nan)
    turns[np.arange(2000), np.arange(2000) % 3] = whole[np.arange(2000), np.arange(2000) % 3]
    commission = commissioned(recording(turns))
    assert commission.shape.tick[1] == 3
    raw = said(commission, turns[:600])
    assert np.isfinite(raw[300:]).all()


def test_one_that_was_never_seen_is_judged_by_the_fleet() -> None:
    """It has an opinion as soon as the grid is full."""
    commission = commissioned(*(recording(channels(1500, i), f"s{i}") for i in range(3)))
    stream = ShapeStream(commission, 4)
    rows = [
        round_of(commission, [3], v[None], [np.nan if i == 0 else 1.0]) for i, v in enumerate(channels(60, 9))
    ]
    raw = np.concatenate([stream.update(row) for row in rows])
    assert np.isnan(raw[:31, 0]).all()
    assert np.isfinite(raw[31:, 0]).all()


def test_bases_are_bounded_for_many_channels() -> None:
    """Thirty-eight channels take no more than two kibibytes each, of what is learnt and what is carried."""
    commission = commissioned(recording(np.random.default_rng(0).normal(size=(300, 38))))
    learnt = sum(array[1].nbytes for array in commission.shape.to_tensors("").values())
    carried = sum(array[0].nbytes for array in ShapeStream(commission, 1).arrays().values())
    assert (learnt + carried) / 38 < 2048
