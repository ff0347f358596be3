"""Rules about learning in the background: what it needs, and what it would be in vain for."""

from __future__ import annotations

from collections.abc import Iterator

from offbeat.config.rules.finding import Finding, Parts


def check_learning(parts: Parts) -> Iterator[Finding]:
    """Yield what is to be known of [learning] beside [journal] and [model]."""
    learning, journal, model = parts.learning, parts.journal, parts.model
    if learning is None or not learning.enabled:
        return
    if model is not None and model.artifact is not None:
        return  # that is a choice: the file says what judges, and nothing is to be learnt
    if journal is not None and not journal.enabled:
        yield Finding(
            ("journal", "enabled"),
            "without a journal there is nothing to learn from: the daemon trains no model by itself",
            "leave the journal on, or set learning.enabled = false and train with `offbeat train`",
            "warning",
        )
    elif journal is not None and journal.max_age_seconds < learning.first_after_seconds:
        yield Finding(
            ("learning", "first_after"),
            "the journal forgets sooner than this: a first model would never be trained",
            "raise journal.max_age, or lower first_after",
        )
