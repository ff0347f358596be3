"""Rules about learning in the background."""

from __future__ import annotations

from pathlib import Path

from offbeat.config.rules.finding import Finding, Parts
from offbeat.config.rules.learning import check_learning
from offbeat.config.settings import JournalSettings, LearningSettings, ModelSettings


def judge(learning: LearningSettings, journal: JournalSettings, model: ModelSettings) -> list[Finding]:
    """Findings about these tables."""
    return list(check_learning(Parts(learning=learning, journal=journal, model=model)))


def test_the_defaults_are_fine() -> None:
    """Taken together."""
    assert judge(LearningSettings(), JournalSettings(), ModelSettings()) == []


def test_without_a_journal_there_is_nothing_to_learn_from() -> None:
    """That is said, and forbids nothing."""
    (found,) = judge(LearningSettings(), JournalSettings(enabled=False), ModelSettings())
    assert (found.path, found.severity) == (("journal", "enabled"), "warning")
    assert "trains no model by itself" in found.message


def test_who_wants_no_learning_is_told_nothing() -> None:
    """Turned off, or a model is named."""
    off = JournalSettings(enabled=False)
    assert judge(LearningSettings(enabled=False), off, ModelSettings()) == []
    assert judge(LearningSettings(), off, ModelSettings(artifact=Path("model"))) == []


def test_a_journal_has_to_hold_what_the_first_model_needs() -> None:
    """Else it would never come."""
    learning = LearningSettings(first_after_seconds=3600.0)
    (found,) = judge(learning, JournalSettings(max_age_seconds=600.0), ModelSettings())
    assert (found.path, found.severity) == (("learning", "first_after"), "error")
