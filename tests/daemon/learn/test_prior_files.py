"""Which priors come with this version."""

from __future__ import annotations

from pathlib import Path

import pytest

from offbeat.learn.prior_files import PRIORS, prior_version


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_there_is_one_for_up_to_four_channels(channels: int) -> None:
    """Named by its content, as all versions are."""
    version = prior_version(channels)
    assert version is not None
    assert len(version) == 12


def test_there_is_none_for_more(tmp_path: Path) -> None:
    """Nor where none lie."""
    assert prior_version(5) is None
    assert prior_version(1, tmp_path) is None


def test_they_are_small() -> None:
    """Every installation carries them."""
    assert sum(file.stat().st_size for file in PRIORS.rglob("*") if file.is_file()) < 2**20
