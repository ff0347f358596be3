"""The objective: one denominator, thinned windows teach no rhythm, the worst windows are left out."""

import numpy as np
import torch

from offbeat_models.check_examples import awakened
from offbeat_models.objective import Objective, ObjectiveConfig, OutlierWindows, objective, window_nll
from offbeat_models.registry import build, preset
from offbeat_models.sampling import TrainingWindows, WindowSampler
from tests.support.model_samples import fleet, quick

MODEL = awakened(build("lstm_vae", preset("tiny", 1, 6)))
DRAWN = WindowSampler(fleet(5, 300), quick().sampling, np.random.default_rng(0)).draw(12)


def _objective(windows: TrainingWindows, weight: torch.Tensor | None = None) -> Objective:
    rebuilt, expected = MODEL.reconstruct(windows.batch), MODEL.causal.expect(windows.batch.rows())
    weight = torch.ones(len(windows.batch)) if weight is None else weight
    return objective(windows, rebuilt, expected, weight, 1.0, ObjectiveConfig(free_bits_nats=0.0))


def test_every_part_is_over_the_number_of_observed_values() -> None:
    """The loss is the sum of all likelihoods and divergences by the one count of observed values."""
    rebuilt, expected = MODEL.reconstruct(DRAWN.batch), MODEL.causal.expect(DRAWN.batch.rows())
    gap = (expected.gap_nll.sum(1) * DRAWN.rhythm).sum()
    total = rebuilt.nll.sum() + rebuilt.kl.sum() + 0.5 * expected.value_nll.sum() + 0.2 * gap
    torch.testing.assert_close(_objective(DRAWN).loss, total / DRAWN.batch.mask.sum())


def test_thinned_windows_do_not_teach_the_rhythm() -> None:
    """With all windows marked thinned the gap part is 0; the other parts stay."""
    thinned = TrainingWindows(DRAWN.batch, DRAWN.shown, torch.zeros_like(DRAWN.rhythm))
    assert float(_objective(thinned).gap) == 0.0
    assert torch.equal(_objective(thinned).value, _objective(DRAWN).value)


def test_windows_without_weight_do_not_count() -> None:
    """Leaving windows out is the same as never having drawn them."""
    weight = torch.tensor([1.0] * 6 + [0.0] * 6)
    few = TrainingWindows(
        DRAWN.batch.resized(torch.arange(6), DRAWN.batch.x.shape[1]), DRAWN.shown[:6], DRAWN.rhythm[:6]
    )
    torch.testing.assert_close(_objective(DRAWN, weight).loss, _objective(few).loss)


def test_window_likelihoods_are_means_over_observed_values() -> None:
    """Each window's figure is its own mean, without gradient."""
    rebuilt = MODEL.reconstruct(DRAWN.batch)
    nll = window_nll(rebuilt, DRAWN)
    assert not nll.requires_grad
    torch.testing.assert_close(nll[3], rebuilt.nll[3].sum().detach() / DRAWN.batch.mask[3].sum())


def test_the_worst_windows_are_left_out_once_active() -> None:
    """About the share asked for is left out, the worst first; before that nothing is."""
    outliers, generator = OutlierWindows(0.05), torch.Generator().manual_seed(0)
    left_out = 0.0
    for step in range(60):
        nll = torch.randn(64, generator=generator)
        weight = outliers.weight(nll, active=step >= 20)
        assert step >= 20 or bool((weight == 1).all())
        assert not (weight == 0).any() or float(nll[weight == 0].min()) > float(nll[weight == 1].max())
        left_out += float((weight == 0).sum())
    assert 0.02 < left_out / (40 * 64) < 0.09


def test_a_batch_of_outliers_is_learned_from() -> None:
    """A lasting change of the data is not left out as a whole."""
    outliers = OutlierWindows(0.05)
    outliers.weight(torch.zeros(64), active=False)
    assert bool((outliers.weight(torch.full((64,), 9.0), active=True) == 1).all())
