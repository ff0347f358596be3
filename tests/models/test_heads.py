"""Heads: what deviations depend on, and the law of gaps against torch's distributions."""

import torch
from torch.distributions import Categorical, MixtureSameFamily, Normal

from offbeat_models.batch import RowBatch
from offbeat_models.features import Carried, gaps_before
from offbeat_models.heads import GapHead, GaussianHead, ValueHead


def test_deviations_are_per_sensor_and_channel_by_default() -> None:
    """With fixed deviations the state moves the mean only; with free ones it moves both."""
    states, row = torch.randn(2, 5, 8), torch.tensor([1, 2])
    fixed = GaussianHead(8, 3, 4, 0.02, free_sigma=False)(states, row)
    assert torch.equal(fixed.sigma[:, :1].expand_as(fixed.sigma), fixed.sigma)
    assert not torch.equal(fixed.mean[:, :1].expand_as(fixed.mean), fixed.mean)
    free = GaussianHead(8, 3, 4, 0.02, free_sigma=True)(states, row)
    assert not torch.equal(free.sigma[:, :1].expand_as(free.sigma), free.sigma)


def test_forecasts_are_residuals_on_the_last_value_of_every_channel() -> None:
    """With all weights at zero each channel is expected to stay where it was."""
    head = ValueHead(8, 4, 3, 2, 0.02, free_sigma=False)
    for parameter in head.parameters():
        torch.nn.init.zeros_(parameter)
    last = torch.randn(2, 5, 3)
    said = head(torch.randn(2, 5, 8), torch.ones(2).long(), torch.randn(2, 4), last, last * 0, last[..., 0])
    torch.testing.assert_close(said.mean, last)


def test_deviations_grow_with_age_where_the_sensor_learned_so() -> None:
    """The older the last value, the wider the forecast, for the sensor whose growth is positive."""
    head = ValueHead(8, 4, 1, 3, 0.02, free_sigma=False)
    head.growth.own.data[2].fill_(1.0)
    age = torch.tensor([0.0, 1.0, 2.0])[None, :, None].expand(2, 3, 1)
    state, sensor = torch.zeros(2, 3, 8), torch.zeros(2, 4)
    said = head(state, torch.tensor([1, 2]), sensor, age * 0, age, age[..., 0])
    assert said.sigma[0, :, 0].diff().abs().max() == 0
    assert (said.sigma[1, :, 0].diff() > 0).all()


def test_the_gap_law_is_a_mixture_of_log_normals() -> None:
    """The likelihood of a log gap equals that of torch's mixture of normals."""
    raw, gap = torch.randn(6, 12), torch.rand(6) * 5 + 0.1
    weight, centre, width = raw.chunk(3, -1)
    parts = Normal(centre, 0.03 + torch.nn.functional.softplus(width))
    oracle = MixtureSameFamily(Categorical(logits=weight), parts)
    torch.testing.assert_close(GapHead.nll(raw, gap), -oracle.log_prob(gap.log()))


def test_impossible_gaps_have_a_finite_likelihood() -> None:
    """Zero, negative and endless gaps are floored and capped."""
    nll = GapHead.nll(torch.zeros(4, 12), torch.tensor([0.0, -1.0, 1e30, float("inf")]))
    assert torch.isfinite(nll).all()


def test_a_rhythm_is_learnt_from_the_gaps_before() -> None:
    """Gaps that alternate cost far less than gaps of the same two lengths in any order."""
    torch.manual_seed(0)
    head, row, sensor = GapHead(16, 4, 4, rows=2), torch.tensor([1]), torch.zeros(1, 4)

    def cost(gap: torch.Tensor) -> torch.Tensor:
        rows = RowBatch(gap[..., None] * 0, gap[..., None] * 0, gap, torch.tensor([gap.shape[1]]), row)
        return head(gaps_before(rows, Carried.fresh(rows.x, 4))[:, :-1], row, sensor, gap).mean()

    alternating = torch.tensor([[0.5, 1.5] * 60])
    optimiser = torch.optim.Adam(head.parameters(), 2e-2)
    for _ in range(150):
        optimiser.zero_grad()
        cost(alternating).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    shuffled = alternating[:, torch.randperm(120)]
    with torch.no_grad():
        assert cost(alternating) < cost(shuffled) - 1.0
