"""What judges a group."""

from __future__ import annotations

import pytest

from offbeat.core.model_choice import ModelChoice


@pytest.mark.parametrize(
    ("choice", "suffix", "words"),
    [
        (ModelChoice(), "", "lstm_vae"),
        (ModelChoice("pca"), "@pca", "pca"),
        (ModelChoice(horizon_seconds=86_400.0), "@lstm_vae@86400s", "lstm_vae with a horizon of 24 h"),
    ],
)
def test_only_what_is_unusual_shows_in_a_name(choice: ModelChoice, suffix: str, words: str) -> None:
    """So that artifacts and snapshots of before keep their names."""
    assert (choice.suffix, str(choice)) == (suffix, words)
