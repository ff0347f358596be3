"""What was last seen of each channel, against a plain loop."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from offbeat_models.batch import RowBatch
from offbeat_models.features import (
    GAPS_KEPT,
    LONGEST_GAPS,
    STRANGEST_PACE,
    Carried,
    LookBack,
    encoder_features,
    gaps_before,
    log_gap,
    pace,
)


def _looped(
    x: NDArray[np.float32], mask: NDArray[np.bool_], gap: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return last values and ages before each row of one sensor, by walking."""
    last, since = np.zeros(x.shape[1]), np.full(x.shape[1], np.inf)
    lasts, ages = [], []
    for j in range(len(x)):
        since = since + gap[j]
        lasts.append(last.copy())
        ages.append(np.log1p(np.minimum(since, LONGEST_GAPS)))
        last, since = np.where(mask[j], x[j], last), np.where(mask[j], 0.0, since)
    return np.array(lasts), np.array(ages)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 4))
def test_history_is_what_a_walk_finds(seed: int, length: int, channels: int) -> None:
    """The vectorised look-back equals a loop over rows, after long silences too."""
    rng = np.random.default_rng(seed)
    mask = rng.random((length, channels)) < 0.5
    x = np.where(mask, rng.normal(size=mask.shape), 0.0).astype(np.float32)
    gap = rng.choice([0.0, 0.5, 1.0, 3.0, 1e5], length).astype(np.float32)
    gap[0] = 0.0
    tensors = [torch.tensor(a[None], dtype=torch.float32) for a in (x, mask, gap)]
    rows = RowBatch(*tensors, torch.tensor([length]), torch.tensor([0]))
    seen = LookBack(rows, Carried.fresh(rows.x, 4))
    last, age = _looped(x, mask, gap)
    np.testing.assert_allclose(seen.last()[0].numpy(), last, atol=1e-6)
    np.testing.assert_allclose(seen.age()[0].numpy(), age, atol=1e-5)


def test_a_fresh_state_is_dead_and_has_seen_nothing() -> None:
    """Before any row nothing is known."""
    fresh = Carried.fresh(torch.zeros(3, 1, 2), 4)
    assert not fresh.alive.any()
    assert (fresh.since < 0).all()


def test_features_hold_values_masks_ages_and_gap() -> None:
    """The feature rows have 3C + 1 columns in this order."""
    x = torch.tensor([[[1.0, 0.0]]])
    rows = RowBatch(x, (x > 0).float(), torch.tensor([[2.0]]), torch.tensor([1]), torch.tensor([0]))
    out = encoder_features(rows, torch.tensor([[[0.5, 0.7]]]))
    torch.testing.assert_close(out, torch.tensor([[[1.0, 0.0, 1.0, 0.0, 0.5, 0.7, np.log(3.0)]]]).float())


def test_log_gaps_are_bounded() -> None:
    """Neither a negative nor an endless gap leaves the range."""
    out = log_gap(torch.tensor([-5.0, 0.0, 1e30]))
    torch.testing.assert_close(out, torch.tensor([0.0, 0.0, np.log1p(LONGEST_GAPS)]).float())


def test_the_pace_of_gaps_is_bounded_and_centred() -> None:
    """A median gap is 0, half and double are opposite, silences and instants stay small."""
    said = pace(torch.tensor([1.0, 2.0, 0.5, 1e9, 1e-9, 0.0]))
    torch.testing.assert_close(said[1], -said[2])
    assert said[0] == said[5] == 0
    assert said.abs().max() <= STRANGEST_PACE


def test_the_last_gaps_move_up_row_by_row() -> None:
    """Before a row stand the gaps of the rows before it, the newest last, and what was carried ahead of them."""
    gap = torch.tensor([[0.5, 2.0, 1.0]])
    rows = RowBatch(torch.zeros(1, 3, 1), torch.ones(1, 3, 1), gap, torch.tensor([3]), torch.tensor([1]))
    carried = replace(Carried.fresh(rows.x, 4), gaps=torch.arange(float(GAPS_KEPT))[None])
    before = gaps_before(rows, carried)
    assert before.shape == (1, 4, GAPS_KEPT)
    torch.testing.assert_close(before[0, 0], carried.gaps[0])
    torch.testing.assert_close(before[0, 3], torch.cat([carried.gaps[0, 3:], pace(gap[0])]))
