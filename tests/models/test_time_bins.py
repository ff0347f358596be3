"""Time bins: where rows go, what a bin keeps of them, and what leaves no trace."""

import torch

from offbeat_models.time_bins import FEATURES, time_bins


def test_a_bin_keeps_mean_extremes_and_count() -> None:
    """Three values in one bin leave their mean, how far the outer ones are from it, and log1p of 3."""
    x = torch.tensor([[[1.0], [2.0], [9.0], [5.0]]])
    out = time_bins(x, torch.ones_like(x), torch.tensor([[0.0, 0.4, 0.2, 2.0]]), 3)
    expected = torch.tensor([[4.0, 5.0, -3.0, 1.3862944], [0.0] * 4, [5.0, 0.0, 0.0, 0.6931472]])
    torch.testing.assert_close(out[0], expected)


def test_what_is_not_observed_leaves_no_trace() -> None:
    """A masked value neither moves an extreme nor is counted; the other channel of its row is."""
    x = torch.tensor([[[0.0, 3.0], [-1.0, 0.0]]])
    mask = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])
    out = time_bins(x, mask, torch.zeros(1, 2), 2)
    mean, above, below, count = out[0, 0].view(FEATURES, 2)
    assert mean.tolist() == [-1.0, 3.0]
    assert above.tolist() == [0.0, 0.0]
    assert below.tolist() == [0.0, 0.0]
    torch.testing.assert_close(count, torch.full((2,), 0.6931472))
    assert not out[0, 1].any()


def test_a_spike_survives_among_many_rows() -> None:
    """One value of a thousand is seen in full."""
    x = torch.zeros(1, 1000, 1)
    x[0, 500] = 7.0
    out = time_bins(x, torch.ones_like(x), torch.linspace(0.0, 7.0, 1000)[None], 8)
    assert float(out[0, :, 1].max()) > 6.9
