"""What is shipped is what the script makes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from offbeat.learn.prior_files import PRIORS
from offbeat_models.manifest import load_manifest
from tests.make_prior import Recipe, make, script_hash

TINY = Recipe(sensors=8, rows=400, strangers=8, stranger_rows=600, steps=30, hidden=8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_what_is_shipped_was_made_by_this_script_with_this_recipe(channels: int) -> None:
    """A change of either asks for priors made anew: `python -m tests.make_prior`."""
    manifest, _ = load_manifest(PRIORS / str(channels))
    assert manifest["settings"] == {"made_by": script_hash(), "prior": asdict(Recipe())}
    assert manifest["sensors"] == []


def test_the_same_recipe_makes_the_same_prior_to_the_last_bit(tmp_path: Path) -> None:
    """Its version is a hash of all that it holds."""
    first, second = (make(2, TINY, tmp_path / name) for name in ("one", "other"))
    assert first == second
    assert make(2, Recipe(**{**asdict(TINY), "seed": 1}), tmp_path / "third") != first
