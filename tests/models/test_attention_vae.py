"""The attention family: it learns, hears every channel of rows that come apart, and repeats itself."""

import numpy as np
import torch

from offbeat_models.batch import WindowBatch
from offbeat_models.registry import build, preset
from offbeat_models.training import train
from offbeat_models.validation import CollapseGuard
from tests.support.model_samples import fleet, quick


def test_it_beats_a_constant_and_does_not_collapse() -> None:
    """After a few hundred steps it rebuilds windows better than a constant, with latents in use."""
    recipe = quick(300, learning_rate=4e-3, guard=CollapseGuard(after_steps=100))
    figures = train(fleet(4), preset("tiny", 1, 5), recipe, family="attention_vae").report.validation
    assert figures.reconstruction < figures.constant_gaussian - 0.1
    assert figures.active_dimensions >= 4


def test_one_seed_trains_one_model() -> None:
    """Two runs with one seed agree bit for bit."""
    one, same = (
        train(fleet(4), preset("tiny", 1, 5), quick(12), family="attention_vae").model.state_dict()
        for _ in range(2)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)


def test_channels_that_report_apart_are_heard_alike() -> None:
    """The latent moves with a value of any channel, wherever in the window its row stands."""
    model = build("attention_vae", preset("tiny", 3, 2), seed=0).eval()
    length = 30
    mask = np.eye(3, dtype=np.float32)[np.arange(length) % 3][None]
    tau = np.arange(1.0 - length, 1.0)[None]
    x = np.random.default_rng(0).normal(size=(1, length, 3)).astype(np.float32) * mask

    def latent(values: np.ndarray) -> torch.Tensor:
        with torch.inference_mode():
            return model.encode(WindowBatch.from_numpy(values, mask, tau, [length], [1])).mean

    plain = latent(x)
    for row in range(length):
        moved = x.copy()
        moved[0, row, row % 3] += 2.0
        assert (latent(moved) - plain).abs().max() > 1e-3
