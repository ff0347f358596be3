"""Attention over time against plain loops: masks by channel, nearness, and what has nothing near."""

import numpy as np
import torch
from torch import Tensor

from offbeat_models.kernel_attention import (
    LEAST_WEIGHT,
    MOST_LOG_DENSITY,
    AnchorBlock,
    TimeKernel,
    read_rows,
)


def _read() -> tuple[Tensor, Tensor, Tensor]:
    """Return scores of 2 heads and 3 anchors for 5 rows of 2 channels in 2 windows, values and masks."""
    generator = torch.Generator().manual_seed(0)
    scores = 3.0 * torch.randn(2, 2, 3, 5, generator=generator)
    mask = (torch.rand(2, 5, 2, generator=generator) < 0.6).float()
    mask[0, 2] = 0.0
    return scores, torch.randn(2, 5, 2, generator=generator), mask


def test_every_channel_is_read_by_its_own_mask() -> None:
    """One product for all channels gives what a softmax over each channel's own rows gives."""
    scores, x, mask = _read()
    value, density = read_rows(scores, x, mask)
    for b, h, k, c in np.ndindex(2, 2, 3, 2):
        seen = mask[b, :, c] > 0
        heeded = scores[b, h, k, seen]
        torch.testing.assert_close(value[b, h, k, c], (torch.softmax(heeded, 0) * x[b, seen, c]).sum())
        torch.testing.assert_close(density[b, h, k, c], torch.logsumexp(heeded, 0))


def test_what_is_not_seen_has_no_value_and_no_density() -> None:
    """A channel without a row, and a window without any, are read as 0 with the least density."""
    scores, x, mask = _read()
    mask[0, :, 1] = 0.0
    mask[1] = 0.0
    value, density = read_rows(scores, x, mask)
    assert not value[0, ..., 1].any()
    assert not value[1].any()
    assert (density[0, ..., 1] <= scores[0].amax() + np.log(LEAST_WEIGHT)).all() or (
        density[0, ..., 1] == -MOST_LOG_DENSITY
    ).all()
    assert (density[1] == -MOST_LOG_DENSITY).all()
    assert torch.isfinite(value).all()


def test_a_fresh_kernel_heeds_what_is_near() -> None:
    """Before any training the weight of a time falls with its distance, in narrow heads faster than in wide ones."""
    torch.manual_seed(0)
    kernel = TimeKernel((0.5, 3.0))
    for part in (kernel.query, kernel.key):
        torch.nn.init.zeros_(part.weight)
    position = torch.arange(10.0)[None]
    weight = torch.softmax(kernel(-position[:, :1], position[:, :1], -position, position), -1)[0, :, 0]
    assert (weight.diff(dim=-1) <= 0).all()
    assert weight[0, 0] > 0.8
    assert weight[1, 0] < 0.4
    half = torch.log(weight[:, 0] / weight[:, 1])
    torch.testing.assert_close(half, torch.tensor([0.5 / 0.5**2, 0.5 / 3.0**2]))


def test_anchors_hear_each_other() -> None:
    """Moving one anchor's state moves all others; each window is a world of its own."""
    torch.manual_seed(0)
    block, grid = AnchorBlock(8, 2), torch.randn(2, 5, 8)
    moved = grid.clone()
    moved[0, 1] += torch.randn(8)
    change = (block(moved) - block(grid)).abs().amax(-1)
    assert (change[0] > 0).all()
    assert not change[1].any()
