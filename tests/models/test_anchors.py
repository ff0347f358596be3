"""Anchors: where times lie, what is pooled, what is read back."""

import torch

from offbeat_models.anchors import anchor_position, interpolate, pool


def test_positions_run_from_first_row_to_last() -> None:
    """The window's start lies on the first anchor, its end on the last, times outside on the nearest."""
    tau, span = torch.tensor([[-10.0, -5.0, 0.0, -99.0, 3.0]]), torch.tensor([10.0])
    torch.testing.assert_close(anchor_position(tau, span, 5), torch.tensor([[0.0, 2.0, 4.0, 0.0, 4.0]]))


def test_a_window_of_one_instant_lies_on_the_last_anchor() -> None:
    """A span of 0 divides by nothing."""
    assert anchor_position(torch.zeros(1, 1), torch.zeros(1), 5).tolist() == [[4.0]]


def test_pooling_is_the_mean_of_each_bin() -> None:
    """Bins hold the mean of their rows and their number; padding enters none."""
    hidden = torch.tensor([[[1.0], [3.0], [5.0], [100.0]]])
    position, within = torch.tensor([[0.0, 0.2, 2.0, 1.0]]), torch.tensor([[True, True, True, False]])
    mean, count = pool(hidden, position, within, 3)
    assert mean[0, :, 0].tolist() == [2.0, 0.0, 5.0]
    assert count.tolist() == [[2.0, 0.0, 1.0]]


def test_interpolation_is_linear_between_anchors() -> None:
    """On an anchor its vector is read, between two a mixture."""
    grid = torch.tensor([[[0.0], [10.0], [30.0]]])
    out = interpolate(grid, torch.tensor([[0.0, 0.5, 1.0, 1.25, 2.0]]))
    torch.testing.assert_close(out[0, :, 0], torch.tensor([0.0, 5.0, 10.0, 15.0, 30.0]))
