"""Padding, cleaning and the shapes of calls."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from offbeat_models.batch import WindowBatch, calls, length_bucket, next_power_of_two, pad


def test_lengths_are_rounded_up_to_buckets() -> None:
    """A window runs at the next bucket, a longer one at the next power of two."""
    assert [length_bucket(n) for n in (1, 16, 17, 128, 129, 257)] == [8, 16, 32, 128, 256, 512]


def test_powers_of_two_are_never_below_the_count() -> None:
    """The smallest power of two at or above each count."""
    assert [next_power_of_two(n) for n in (0, 1, 2, 3, 64, 65)] == [1, 1, 2, 4, 64, 128]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=300), st.sampled_from([1, 8, 64]))
def test_calls_run_every_sequence_once_in_few_shapes(lengths: list[int], most: int) -> None:
    """Each sequence is in one call, which is long and wide enough, and shapes come from a small set."""
    parts = list(calls(np.array(lengths), most))
    assert sorted(np.concatenate([index for index, _, _ in parts]).tolist()) == list(range(len(lengths)))
    for index, padded, length in parts:
        assert len(index) <= padded <= most
        assert max(lengths[i] for i in index) <= length == length_bucket(length)
        assert padded == next_power_of_two(padded)


def test_a_clean_batch_is_zero_where_nothing_was_observed() -> None:
    """Masked values, padding, NaN and infinity are zero; an observed infinity counts as unobserved."""
    x = np.array([[[1.0], [np.nan], [np.inf], [9.0]]])
    mask = np.array([[[1.0], [0.0], [1.0], [1.0]]])
    batch = WindowBatch.from_numpy(x, mask, [[-2.0, -1.0, 0.0, 5.0]], [3], [0])
    assert batch.x.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]
    assert batch.mask.flatten().tolist() == [1.0, 0.0, 0.0, 0.0]
    assert batch.tau.flatten().tolist() == [-2.0, -1.0, 0.0, 0.0]


def test_gaps_are_zero_for_first_rows_and_padding() -> None:
    """Gaps are the steps between times, inside the window only."""
    zeros = np.zeros((1, 4, 1))
    batch = WindowBatch.from_numpy(zeros, zeros, [[-3.0, -1.0, 0.0, 0.0]], [3], [0])
    assert batch.rows().gap.tolist() == [[0.0, 2.0, 1.0, 0.0]]
    assert batch.span().tolist() == [3.0]


def test_resizing_picks_pads_and_cuts() -> None:
    """A resized batch holds the chosen windows at the length asked for."""
    x = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    batch = WindowBatch.from_numpy(x, np.ones_like(x), np.zeros((2, 3)), [2, 2], [1, 2])
    wide, narrow = batch.resized(torch.tensor([1, 1]), 5), batch.resized(torch.tensor([0]), 2)
    assert wide.x[..., 0].tolist() == [[3.0, 4.0, 0.0, 0.0, 0.0]] * 2
    assert wide.row.tolist() == [2, 2]
    assert narrow.x[..., 0].tolist() == [[0.0, 1.0]]


def test_pad_stacks_sequences() -> None:
    """Sequences of unequal length become one zero-padded array."""
    out = pad([np.ones((2, 1), np.float32), np.ones((3, 1), np.float32)], 4)
    assert out[..., 0].tolist() == [[1, 1, 0, 0], [1, 1, 1, 0]]
