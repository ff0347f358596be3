"""The scorer: arrays in, arrays out, the same whoever shares a call and however rows are cut into calls."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from offbeat_models.base import WindowModel
from offbeat_models.batch import LENGTH_BUCKETS, WindowBatch
from offbeat_models.check_examples import awakened
from offbeat_models.features import GAPS_KEPT
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer, Steps

Floats = NDArray[np.float32]
Rows = tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats, Floats, NDArray[np.int64]]


def _scorer(channels: int = 2, capacity: int = 20) -> GroupScorer:
    return GroupScorer(awakened(build("lstm_vae", preset("tiny", channels, 6))), capacity)


def _rows(count: int, length: int, channels: int = 2, seed: int = 0, even: bool = False) -> Rows:
    """Return (slots, row, x, mask, gap, lengths) of sensors that start."""
    rng = np.random.default_rng(seed)
    lengths = np.full(count, length) if even else rng.integers(1, length + 1, count)
    mask = (rng.random((count, length, channels)) < 0.8).astype(np.float32)
    mask[..., 0] = 1.0
    x = rng.normal(size=mask.shape).astype(np.float32) * mask
    gap = rng.exponential(1.0, (count, length)).astype(np.float32)
    gap[:, 0] = 0.0
    slots = rng.permutation(20)[:count].astype(np.int64)
    return slots, rng.integers(0, 6, count), x, mask, gap, lengths


def _arrays(steps: Steps) -> list[Floats]:
    return [steps.value_nll, steps.gap_nll, steps.mean, steps.sigma]


def _same(one: Steps, other: Steps) -> None:
    for left, right in zip(_arrays(one), _arrays(other), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=2e-5)


def test_a_first_row_has_no_expectation() -> None:
    """Nothing is said of a sensor's first row; its second has everything that was observed."""
    scorer, (slots, row, x, mask, gap, _) = _scorer(), _rows(5, 2, even=True)
    mask[:, 1, 1] = 0.0
    said = scorer.step(slots, row, x, mask, gap, np.full(5, 2))
    for part in _arrays(said):
        assert np.isnan(part[:, 0]).all()
    assert np.isfinite(said.value_nll[:, 1, 0]).all()
    assert np.isnan(said.value_nll[:, 1, 1]).all()
    assert np.isfinite(said.mean[:, 1]).all()
    assert np.isfinite(said.gap_nll[:, 1]).all()
    assert said.value_nll.dtype == np.float32
    assert scorer.non_finite_outputs == 0


def test_a_row_at_the_same_instant_has_no_gap_to_judge() -> None:
    """A channel that joins at the newest instant is judged by its value, not by its gap of 0."""
    scorer, (slots, row, x, mask, gap, _) = _scorer(), _rows(3, 2, even=True)
    gap[:, 1] = 0.0
    said = scorer.step(slots, row, x, mask, gap, np.full(3, 2))
    assert np.isnan(said.gap_nll[:, 1]).all()
    assert np.isfinite(said.value_nll[:, 1, 0]).all()


def test_the_padding_says_nothing() -> None:
    """Behind a sequence's end everything is NaN."""
    scorer, rows = _scorer(), _rows(8, 12)
    said = scorer.step(*rows)
    beyond = np.arange(12)[None] >= rows[5][:, None]
    assert all(np.isnan(part[beyond]).all() for part in _arrays(said))


@pytest.mark.parametrize("cuts", [[1] * 24, [2, 3, 4, 15], [5, 19], [8, 8, 8]], ids=str)
def test_cutting_rows_into_calls_changes_nothing(cuts: list[int]) -> None:
    """One call of 24 rows, 24 calls of one row, and all between say the same."""
    slots, row, x, mask, gap, lengths = _rows(6, 24, even=True)
    whole = _scorer().step(slots, row, x, mask, gap, lengths)
    scorer, start, parts = _scorer(), 0, []
    for n in cuts:
        here = slice(start, start + n)
        parts.append(scorer.step(slots, row, x[:, here], mask[:, here], gap[:, here], np.full(6, n)))
        start += n
    joined = Steps(*(np.concatenate(p, 1) for p in zip(*map(_arrays, parts), strict=True)))
    _same(whole, joined)


@pytest.mark.parametrize("length", [1, 3, 20])
def test_company_changes_nothing(length: int) -> None:
    """A sensor alone in its call gets what it gets among others."""
    rows = _rows(9, length)
    together, scorer = _scorer().step(*rows), _scorer()
    for i in range(9):
        alone = scorer.step(*(part[i : i + 1] for part in rows))
        _same(Steps(*(part[i : i + 1] for part in _arrays(together))), alone)


def test_encoding_a_window_is_reading_it() -> None:
    """A state rebuilt from a window expects of the next row what the carried state expects."""
    slots, row, x, mask, gap, lengths = _rows(7, 40)
    read, rebuilt = _scorer(), _scorer()
    read.step(slots, row, x, mask, gap, lengths)
    rebuilt.encode(slots, row, x, mask, gap, lengths)
    _, _, x, mask, _, one = _rows(7, 1, seed=9)
    gap = np.full((7, 1), 1.5, np.float32)
    _same(read.step(slots, row, x, mask, gap, one), rebuilt.step(slots, row, x, mask, gap, one))


def test_resetting_forgets_the_named_sensors_only() -> None:
    """After a reset a sensor starts anew; the others go on."""
    scorer, rows = _scorer(), _rows(4, 3, even=True)
    slots = rows[0]
    scorer.step(*rows)
    scorer.reset(slots[:2])
    assert scorer.alive(slots).tolist() == [False, False, True, True]
    _, row, x, mask, _, one = _rows(4, 1, seed=2)
    said = scorer.step(slots, row, x, mask, np.ones((4, 1), np.float32), one)
    assert np.isnan(said.value_nll[:2]).all()
    assert np.isfinite(said.value_nll[2:, 0, 0]).all()


def test_values_that_are_not_finite_are_not_observed() -> None:
    """An infinite reading is counted, says nothing and leaves the state usable."""
    scorer, (slots, row, x, mask, gap, lengths) = _scorer(), _rows(3, 3, even=True)
    x[0, 1, 0], x[1, 1, 0], gap[2, 2] = np.inf, np.nan, np.inf
    said = scorer.step(slots, row, x, mask, gap, lengths)
    assert scorer.non_finite_inputs == 2
    assert np.isnan(said.value_nll[:2, 1, 0]).all()
    assert np.isfinite(said.value_nll[:, 2, 0]).all()
    assert np.isfinite(said.gap_nll[:, 2]).all()


def test_results_that_are_not_finite_are_counted_and_nan() -> None:
    """A model with a broken weight gives NaN, and the count says how often."""
    model = awakened(build("lstm_vae", preset("tiny", 2, 6)))
    model.causal.value.sigma.shared.data.fill_(float("nan"))
    scorer, rows = GroupScorer(model, 20), _rows(3, 2, even=True)
    said = scorer.step(*rows)
    assert np.isnan(said.value_nll).all()
    assert scorer.non_finite_outputs > 0


def test_a_slot_beyond_the_capacity_is_refused() -> None:
    """Slots outside of the table are named with its size."""
    scorer, (_, row, x, mask, gap, lengths) = _scorer(), _rows(1, 1)
    for slot in (20, -1):
        with pytest.raises(IndexError, match="a scorer with 20 slots"):
            scorer.step(np.array([slot]), row, x, mask, gap, lengths)


def _windows(
    count: int, length: int, seed: int = 3
) -> tuple[NDArray[np.int64], Floats, Floats, Floats, NDArray[np.int64]]:
    _, row, x, mask, gap, lengths = _rows(min(count, 20), length, seed=seed)
    times = gap.cumsum(1)
    tau = times - times[np.arange(len(lengths)), lengths - 1][:, None]
    return row, x, mask, np.minimum(tau, 0).astype(np.float32), lengths


def test_a_window_is_judged_by_its_last_rows() -> None:
    """The score is the mean likelihood of the recent rows, as the model itself reconstructs them."""
    scorer, windows = _scorer(), _windows(10, 50)
    row, x, mask, tau, lengths = windows
    scores = scorer.window(row, x, mask, tau, lengths, recent=6)
    with torch.inference_mode():
        rebuilt = scorer._model.reconstruct(WindowBatch.from_numpy(x, mask, tau, lengths, row))
    for i, n in enumerate(lengths):
        recent = slice(max(n - 6, 0), n)
        nll, seen = rebuilt.nll[i, recent].numpy(), mask[i, recent]
        np.testing.assert_allclose(scores.nll[i], nll.sum() / seen.sum(), rtol=1e-4)
        np.testing.assert_allclose(scores.channel_nll[i, 0], nll[:, 0].sum() / seen[:, 0].sum(), rtol=1e-4)


def test_windows_judge_alike_alone_and_together() -> None:
    """A window's scores depend neither on the others nor on how far all were padded."""
    scorer, windows = _scorer(), _windows(15, 70)
    together = scorer.window(*windows, recent=16)
    for i, n in enumerate(windows[4]):
        row, x, mask, tau, lengths = (part[i : i + 1] for part in windows)
        alone = scorer.window(row, x[:, :n], mask[:, :n], tau[:, :n], lengths, recent=16)
        np.testing.assert_allclose(alone.nll, together.nll[i : i + 1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(alone.channel_nll, together.channel_nll[i : i + 1], rtol=1e-4, atol=1e-5)


def test_a_window_without_recent_values_has_no_score() -> None:
    """Where none of the recent values was observed the score is NaN, by channel too."""
    scorer, (row, x, mask, tau, lengths) = _scorer(), _windows(4, 20)
    mask[0], mask[1, :, 1] = 0.0, 0.0
    scores = scorer.window(row, x, mask, tau, lengths, recent=16)
    assert np.isnan(scores.nll).tolist() == [True, False, False, False]
    assert np.isnan(scores.channel_nll[:2, 1]).all()


def test_window_scores_leave_the_carried_states_alone() -> None:
    """Judging windows moves no state."""
    scorer, rows = _scorer(), _rows(4, 3, even=True)
    scorer.step(*rows)
    before = scorer._state.clone()
    scorer.window(*_windows(4, 20), recent=16)
    assert bool((scorer._state == before).all())


def test_no_sensors_at_all_is_no_work() -> None:
    """Empty calls give empty arrays."""
    scorer = _scorer()
    none, x, gap = np.zeros(0, np.int64), np.zeros((0, 1, 2), np.float32), np.zeros((0, 1), np.float32)
    assert scorer.step(none, none, x, x, gap, none).value_nll.shape == (0, 1, 2)
    assert scorer.window(none, x, x, gap, none, 16).nll.shape == (0,)


def test_warming_up_runs_every_shape_and_changes_nothing() -> None:
    """After a warm-up states are fresh and nothing was counted."""
    scorer = _scorer()
    scorer.warm_up(longest=LENGTH_BUCKETS[1], recent=4)
    assert not scorer.alive(np.arange(20)).any()
    assert scorer.non_finite_outputs == 0


def test_memory_of_the_states_is_as_stated() -> None:
    """A sensor of one channel at full width costs about half a kilobyte."""
    scorer = GroupScorer(build("lstm_vae", preset("default", 1, 2)), 100)
    assert scorer.state_bytes == 100 * 4 * (2 * 64 + 2 + GAPS_KEPT + 1)


@pytest.mark.parametrize("length", [1, 4, 5, 30])
def test_repeating_a_stream_after_a_reset_repeats_its_scores(length: int) -> None:
    """The same rows from the same state give the same bits."""
    scorer, rows = _scorer(), _rows(6, length)
    one = scorer.step(*rows)
    scorer.reset(rows[0])
    for left, right in zip(_arrays(one), _arrays(scorer.step(*rows)), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_model_is_frozen() -> None:
    """A scorer needs no gradients and keeps the model in evaluation mode."""
    model: WindowModel = build("lstm_vae", preset("tiny", 1, 2)).train()
    GroupScorer(model, 1)
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
