"""The core's numbers, from the daemon's settings."""

from __future__ import annotations

from dataclasses import replace

from offbeat.config.settings import RuleSettings, Settings
from offbeat.core.episode_rules import EpisodeRules
from offbeat.core.orders import LearningRules
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.rulebook import Rule


def core_settings(settings: Settings) -> CoreSettings:
    """Return what the core needs to know of the settings; the core does not know of them."""
    base = CoreSettings()
    return replace(
        base,
        window_readings=settings.limits.window_readings,
        budget_per_week=settings.alerts.budget_per_week,
        window_stride_readings=settings.model.window_stride_readings,
        rules=tuple(map(_rule, settings.rules)),
        episodes=replace(
            base.episodes,
            update_seconds=settings.alerts.update_interval_seconds,
            settle_seconds=settings.learning.regime_after_seconds,
        ),
        learning=learning_rules(settings),
    )


def learning_rules(settings: Settings) -> LearningRules:
    """Return how what was strange is treated by what learns."""
    return LearningRules(regime_learn_after_seconds=settings.learning.regime_learn_after_seconds)


def _rule(rule: RuleSettings) -> Rule:
    scores = EpisodeRules()
    return Rule(
        sensor=rule.sensor,
        channel=rule.channel,
        low=rule.min,
        high=rule.max,
        rise_per_second=rule.max_rise_per_second,
        fall_per_second=rule.max_fall_per_second,
        for_seconds=rule.for_seconds,
        hysteresis=rule.hysteresis,
        score=scores.critical_score if rule.severity == "critical" else scores.warning_score,
        unit=rule.unit,
        name=rule.name,
    )
