"""The streams that speak for the model."""

from __future__ import annotations

import numpy as np
import pytest

from offbeat.core.streams.model import MOST_NLL, STALE_ROWS, ModelStreams

ONE = np.array([0])
GAP = np.ones(1, np.float32)


BOTH_MOVE = np.zeros((1, 2), np.bool_)


def step(
    model: ModelStreams, value: list[float] | None, gap: float | None = None, constant: np.ndarray = BOTH_MOVE
) -> np.ndarray:
    """Return what is said to one row of the sensor."""
    value_nll = None if value is None else np.array([value], np.float32)
    gap_nll = None if gap is None else np.array([gap], np.float32)
    return model.step(ONE, constant, GAP, GAP.astype(np.float64), value_nll, gap_nll)[0]


def test_value_is_the_mean_of_observed_channels_each_clipped() -> None:
    """One channel cannot drown the others; missing channels have no say; none at all is no opinion."""
    model = ModelStreams(2)
    assert step(model, [1.0, 3.0])[0] == pytest.approx(2.0)
    assert step(model, [1.0, 27_000.0])[0] == pytest.approx((1 + MOST_NLL) / 2)
    assert step(model, [1.0, np.nan])[0] == pytest.approx(1.0)
    assert np.isnan(step(model, [np.nan, np.nan])[:2]).all()


def test_constant_channels_have_no_say_in_value() -> None:
    """Their likelihood sits at the floor of sigma and means nothing."""
    assert step(ModelStreams(2), [1.0, 7.0], constant=np.array([[False, True]]))[0] == pytest.approx(1.0)


def test_value_mean_and_gap_are_means_over_their_horizons() -> None:
    """The gap stream remembers about eight gaps."""
    model = ModelStreams(2)
    for _ in range(100):
        said = step(model, [1.0, 1.0], 0.5)
    assert said[1] == pytest.approx(1.0)
    assert said[2] == pytest.approx(0.5)
    for _ in range(8):
        said = step(model, [1.0, 1.0], 8.5)
    assert 6.5 < said[2] < 8.0


def test_a_row_the_scorer_shed_has_no_opinion_and_costs_nothing() -> None:
    """None is not zero: the means go on where they were."""
    model = ModelStreams(2)
    for _ in range(30):
        step(model, [1.0, 1.0], 0.5)
    assert np.isnan(step(model, None, None)).all()
    assert step(model, [1.0, 1.0], 0.5)[1:3] == pytest.approx([1.0, 0.5])


def test_a_mean_of_a_few_rows_is_no_opinion_yet() -> None:
    """A sensor on a slow wave is off its centre for rows on end: a start must raise no alert."""
    model = ModelStreams(2)
    said = [step(model, [1.0, 1.0], 0.5) for _ in range(30)]
    assert np.isnan([row[1] for row in said[:10]]).all()
    assert np.isfinite(said[-1][1])


def test_a_window_score_is_held_until_it_is_stale() -> None:
    """It is said to every row after it came, 64 at most, and only to its sensor."""
    model = ModelStreams(2)
    assert np.isnan(step(model, [1.0, 1.0])[3])
    model.window(np.array([0]), np.array([2.5], np.float32))
    said = [step(model, [1.0, 1.0])[3] for _ in range(STALE_ROWS + 1)]
    assert said[:-1] == [2.5] * STALE_ROWS
    assert np.isnan(said[-1])
    model.window(np.array([0]), np.array([np.nan], np.float32))
    assert np.isnan(step(model, [1.0, 1.0])[3])


def test_window_mean_is_the_mean_of_what_is_held() -> None:
    """It settles as any mean does, and follows a strange window no faster than its horizon lets it."""
    model = ModelStreams(2)
    model.window(np.array([0]), np.array([2.0], np.float32))
    said = [step(model, [1.0, 1.0])[4] for _ in range(STALE_ROWS)]
    assert np.isnan(said[:10]).all()
    assert said[-1] == pytest.approx(2.0)
    model.window(np.array([0]), np.array([12.0], np.float32))
    first = [step(model, [1.0, 1.0])[4] for _ in range(16)]
    assert 2.0 < first[0] < 3.0
    assert 5.0 < first[-1] < 8.0


def test_a_window_of_a_slow_sensor_is_stale_after_the_horizon() -> None:
    """Four hourly rows hear of it, the fifth does not."""
    model = ModelStreams(2)
    model.window(np.array([0]), np.array([2.5], np.float32))
    hour, nll = np.array([3600.0]), np.array([[1.0, 1.0]], np.float32)
    said = [model.step(ONE, BOTH_MOVE, GAP, hour, nll, None)[0, 3] for _ in range(6)]
    assert said[:4] == [2.5] * 4
    assert np.isnan(said[4:]).all()


def test_a_sensor_is_judged_the_same_alone_and_among_others() -> None:
    """To the last bit, with many channels and any number of neighbours."""
    rng = np.random.default_rng(1)
    for channels in (2, 8, 38):
        for n in (2, 5, 64):
            together, alone = ModelStreams(n), ModelStreams(n)
            for _ in range(5):
                nll = rng.normal(size=(n, channels)).astype(np.float32)
                slot, moves, gap = np.arange(n), np.zeros((n, channels), np.bool_), np.ones(n, np.float32)
                said = together.step(slot, moves, gap, gap.astype(np.float64), nll, nll[:, 0])
                one = alone.step(
                    slot[1:2], moves[1:2], gap[1:2], gap[1:2].astype(np.float64), nll[1:2], nll[1:2, 0]
                )
                assert np.array_equal(said[1:2], one, equal_nan=True)


def test_state_comes_back_and_goes() -> None:
    """Arrays there and back; a reset forgets."""
    model, other = ModelStreams(2), ModelStreams(2)
    model.window(np.array([0]), np.array([2.5], np.float32))
    for _ in range(30):
        step(model, [3.0, 1.0], 0.5)
    other.restore(model.arrays())
    said = step(model, [1.0, 2.0], 1.0)
    assert np.isfinite(said).all()
    assert np.array_equal(said, step(other, [1.0, 2.0], 1.0))
    model.reset(ONE)
    assert not any(array[0].any() for array in model.arrays().values())
