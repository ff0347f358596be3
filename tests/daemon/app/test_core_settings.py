"""The core's numbers, from the daemon's settings."""

from __future__ import annotations

from pathlib import Path

from offbeat.app.core_settings import core_settings
from offbeat.config.settings import AlertSettings, LearningSettings, LimitSettings, ModelSettings
from offbeat.core.pipeline_settings import CoreSettings
from tests.support.configured import configured


def test_the_defaults_of_both_agree(tmp_path: Path) -> None:
    """What a backtest without a configuration plays is what a daemon without options runs."""
    assert core_settings(configured(tmp_path)) == CoreSettings()


def test_what_is_set_reaches_the_core(tmp_path: Path) -> None:
    """Each under its name there."""
    core = core_settings(
        configured(
            tmp_path,
            limits=LimitSettings(window_readings=99),
            alerts=AlertSettings(budget_per_week=2.5, update_interval_seconds=7.0),
            model=ModelSettings(window_stride_readings=5),
            learning=LearningSettings(regime_after_seconds=3600.0, regime_learn_after_seconds=7200.0),
        )
    )
    assert core.window_readings == 99
    assert core.budget_per_week == 2.5
    assert core.window_stride_readings == 5
    assert core.episodes.update_seconds == 7.0
    assert core.episodes.settle_seconds == 3600.0
    assert core.learning.regime_learn_after_seconds == 7200.0
