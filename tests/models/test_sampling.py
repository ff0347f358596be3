"""Windows drawn for training: real rows, in order, of the lengths asked for."""

import numpy as np
import pytest
import torch

from offbeat_models.sampling import SamplingConfig, WindowSampler
from tests.support.model_samples import fleet

SERIES = fleet(5, rows=400, channels=2, missing=0.3)


def _sampler(seed: int = 0, config: SamplingConfig | None = None) -> WindowSampler:
    return WindowSampler(SERIES, config or SamplingConfig(), np.random.default_rng(seed))


@pytest.mark.parametrize("augment", [True, False])
def test_windows_hold_rows_of_their_series_in_order(augment: bool) -> None:
    """Every row of a window is a row of its sensor, times ascend to 0, and lengths keep to the range."""
    for _ in range(20):
        batch = _sampler().draw(16, augment).batch
        for i, n in enumerate(batch.lengths.tolist()):
            one = SERIES[int(batch.row[i]) - 1]
            rows = {x.tobytes() for x in np.where(one.mask, one.x, 0.0).astype(np.float32)}
            assert all(x.numpy().tobytes() in rows for x in batch.x[i, :n])
            assert (batch.tau[i, :n].diff() > 0).all()
            assert batch.tau[i, n - 1] == 0
            assert 2 <= n <= 128


def test_windows_of_a_batch_are_of_similar_length() -> None:
    """Little of a batch is padding when nothing is thinned."""
    batch = _sampler(3).draw(64, augment=False).batch
    assert int(batch.lengths.min()) > batch.x.shape[1] - 16


def test_thinned_windows_are_marked_and_have_longer_gaps() -> None:
    """Rhythm is 0 exactly for windows from which rows were left out."""
    drawn = _sampler(1).draw(400)
    gaps = drawn.batch.span() / (drawn.batch.lengths - 1)
    assert 0.35 < float(drawn.rhythm.mean()) < 0.65
    assert float(gaps[drawn.rhythm == 0].mean()) > 1.5 * float(gaps[drawn.rhythm == 1].mean())


def test_hiding_leaves_the_first_row_and_hides_ends() -> None:
    """About a seventh is hidden, in some windows the end, never the first row; nothing without it."""
    drawn = _sampler(2).draw(200)
    assert bool((drawn.shown[:, 0] == 1).all())
    last = drawn.shown[torch.arange(200), drawn.batch.lengths - 1]
    assert 0.4 < float((last.sum(-1) == 0).float().mean()) < 0.7
    assert bool((_sampler(2).draw(9, augment=False).shown == 1).all())


def test_the_same_state_draws_the_same_windows() -> None:
    """Two samplers with one seed agree bit for bit, with another seed they do not."""
    one, same, other = (_sampler(seed).draw(8) for seed in (7, 7, 8))
    assert torch.equal(one.batch.x, same.batch.x)
    assert torch.equal(one.shown, same.shown)
    assert one.batch.x.shape != other.batch.x.shape or not torch.equal(one.batch.x, other.batch.x)
