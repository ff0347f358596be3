"""No family learns to ignore its window."""

import pytest

from offbeat_models.registry import FAMILIES
from tests.benchmarks.detection.collapse import rows, runs


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_collapses(family: str) -> None:
    """After 500 steps the latent is in use and the window is rebuilt better than by a constant."""
    (run,) = runs([0], [family])
    assert not run.collapsed, rows([run])
