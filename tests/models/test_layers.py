"""Likelihood, divergence and tables against independent formulas."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from offbeat_models.layers import (
    RowTable,
    TimeEmbedding,
    bounded_sigma,
    free_bits,
    gaussian_nll,
    inverse_softplus,
    kl_to_standard_normal,
    masked_mean,
    reparameterise,
)


def test_the_likelihood_is_torchs_normal() -> None:
    """The negative log-likelihood equals that of torch.distributions."""
    x, mean, sigma = torch.randn(7), torch.randn(7), torch.rand(7) + 0.1
    torch.testing.assert_close(gaussian_nll(x, mean, sigma), -Normal(mean, sigma).log_prob(x))


def test_the_divergence_runs_from_posterior_to_prior() -> None:
    """The divergence equals KL(posterior || standard normal), not its reverse."""
    mean, log_variance = torch.randn(7), torch.randn(7)
    oracle = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), oracle)


def test_latents_are_drawn_from_a_normal() -> None:
    """Drawn latents have the mean and variance asked for, with tails that a uniform draw has not."""
    generator = torch.Generator().manual_seed(0)
    drawn = reparameterise(torch.full((200_000,), 2.0), torch.full((200_000,), math.log(9.0)), generator)
    assert abs(float(drawn.mean()) - 2.0) < 0.05
    assert abs(float(drawn.std()) - 3.0) < 0.05
    assert float(((drawn - 2.0) / 3.0).abs().max()) > 3.5


def test_free_bits_cost_the_same_below_the_floor() -> None:
    """A dimension below the floor costs the floor; one above costs itself."""
    assert math.isclose(float(free_bits(torch.tensor([0.05, 0.5]), 0.2)), 0.7, rel_tol=1e-6)


def test_a_masked_mean_ignores_what_has_no_weight() -> None:
    """Unweighted entries do not enter; no weight at all gives 0."""
    values, weight = torch.tensor([[1.0, 9.0], [5.0, 5.0]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert masked_mean(values, weight, 1).tolist() == [1.0, 0.0]


def test_the_unknown_sensor_is_the_shared_part() -> None:
    """Row 0 is the shared vector; other rows add their own."""
    table = RowTable(3, 2, start=1.0, spread=1.0)
    out = table(torch.tensor([0, 2]))
    torch.testing.assert_close(out[0], table.shared)
    torch.testing.assert_close(out[1], table.shared + table.own[2])
    torch.testing.assert_close(table.table()[2], out[1])


def test_deviations_stay_above_the_floor() -> None:
    """However negative the raw value, the deviation is at least the floor; the inverse hits its target."""
    assert math.isclose(float(bounded_sigma(torch.tensor(-1e4), 0.02)), 0.02, rel_tol=1e-6)
    assert math.isclose(float(bounded_sigma(torch.tensor(inverse_softplus(0.5)), 0.0)), 0.5, rel_tol=1e-6)


def test_time_embeddings_are_bounded() -> None:
    """Times from now to forever give bounded embeddings of the width announced."""
    embedding = TimeEmbedding()
    out = embedding(torch.tensor([0.0, -1.0, -1e30])).detach()
    assert out.shape == (3, embedding.width)
    assert float(out.abs().max()) <= 8.0
