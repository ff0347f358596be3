"""Every registered model passes the battery, with one channel and many, and either deviation."""

import pytest

from offbeat_models.base import WindowModel
from offbeat_models.check_examples import awakened
from offbeat_models.checks import CHECKS, Check
from offbeat_models.registry import FAMILIES, build, preset


@pytest.fixture(
    params=[(family, channels, free) for family in FAMILIES for channels in (1, 4) for free in (False, True)],
    ids=lambda p: f"{p[0]}-{p[1]}-{'free' if p[2] else 'fixed'}",
)
def model(request: pytest.FixtureRequest) -> WindowModel:
    """A small model of each family, all weights away from zero."""
    family, channels, free = request.param
    return awakened(build(family, preset("tiny", channels, rows=5, free_sigma=free), seed=1))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_every_model_holds(check: Check, model: WindowModel) -> None:
    """Every check of the battery holds for every family."""
    check(model)
