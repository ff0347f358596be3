"""What counts as a collapse, and what does not."""

from dataclasses import replace

import pytest

from offbeat_models.validation import CollapseError, CollapseGuard, Validation

COLLAPSED = Validation(
    score=1.9,
    reconstruction=1.41,
    value=0.9,
    gap=0.3,
    kl_nats=0.4,
    active_dimensions=0,
    standard_normal=1.45,
    constant_gaussian=1.42,
    lag_information=0.8,
)


def test_a_silent_latent_that_predicts_a_constant_is_a_collapse() -> None:
    """The error names reconstruction, divergence and active dimensions."""
    with pytest.raises(CollapseError, match=r"1\.410 nats .* 1\.420 .* 0\.40 nats in 0 active dimensions"):
        CollapseGuard().check(COLLAPSED, 1000)


@pytest.mark.parametrize(
    ("figures", "steps"),
    [
        (replace(COLLAPSED, reconstruction=0.9), 1000),
        (replace(COLLAPSED, kl_nats=12.0, active_dimensions=8), 1000),
        (replace(COLLAPSED, lag_information=0.01), 1000),
        (COLLAPSED, 100),
    ],
    ids=["beats the constant", "latent in use", "pure noise", "unfinished"],
)
def test_no_collapse(figures: Validation, steps: int) -> None:
    """A useful model, a busy latent, pure noise and an unfinished run are none."""
    CollapseGuard().check(figures, steps)
