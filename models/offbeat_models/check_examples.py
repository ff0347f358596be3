"""What models are checked on: irregular windows, and weights that are all away from zero."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from offbeat_models.base import WindowModel
from offbeat_models.batch import WindowBatch

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """Windows as arrays, before they are cleaned; shapes as in `WindowBatch`. Their batch goes to `device`."""

    x: Floats
    mask: Floats
    tau: Floats
    lengths: NDArray[np.int64]
    row: NDArray[np.int64]
    device: torch.device

    def batch(self) -> WindowBatch:
        """Return the clean batch."""
        return WindowBatch.from_numpy(self.x, self.mask, self.tau, self.lengths, self.row, self.device)

    def select(self, index: NDArray[np.intp]) -> Example:
        """Return the windows at `index`, each still padded as before."""
        x, mask, tau = self.x[index], self.mask[index], self.tau[index]
        return replace(self, x=x, mask=mask, tau=tau, lengths=self.lengths[index], row=self.row[index])


def example(model: WindowModel, seed: int = 0, count: int = 6, length: int = 40) -> Example:
    """Return irregular windows of many lengths, one among them, with asynchronous channels."""
    rng = np.random.default_rng(seed)
    channels = model.config.channels
    lengths = np.minimum([length, 1, 2, *rng.integers(1, length + 1, count)][:count], length)
    gaps = rng.exponential(1.0, (count, length)).cumsum(1)
    last = gaps[np.arange(count), lengths - 1]
    inside = np.arange(length)[None] < lengths[:, None]
    mask = (rng.random((count, length, channels)) < 0.7) & inside[..., None]
    return Example(
        rng.normal(size=(count, length, channels)).astype(np.float32) * mask,
        mask.astype(np.float32),
        np.where(inside, gaps - last[:, None], 0.0).astype(np.float32),
        lengths,
        rng.integers(0, model.config.rows, count),
        device_of(model),
    )


def awakened(model: WindowModel, seed: int = 0) -> WindowModel:
    """Move all weights a little, in place, and return the model in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator).to(parameter.device))
    return model.eval()


def device_of(model: WindowModel) -> torch.device:
    """Return where the weights of a model are."""
    return next(model.parameters()).device
