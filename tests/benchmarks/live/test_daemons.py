"""The configurations of the two daemons are valid, and differ in what the section is about."""

from __future__ import annotations

from pathlib import Path

from offbeat.app.learner import why_never
from offbeat.config.loading import load
from offbeat.config.settings import Settings
from tests.benchmarks.live.daemons import ALONE, LEARNING, config_alone, config_learning

URL = "mqtt://127.0.0.1:1883"
DAY = 86_400.0


def settings(folder: Path, config: str) -> Settings:
    """Return the settings that a daemon would run by."""
    (folder / "offbeat.toml").write_text(config)
    return load(folder / "offbeat.toml", {})


def test_one_daemon_never_trains_and_hears_the_first_minutes_too(tmp_path: Path) -> None:
    """It has the fleet prior alone."""
    found = settings(tmp_path, config_alone(URL))
    assert why_never(found) == "learning.enabled is false"
    assert found.model.prior
    assert [one.topic for one in found.sources] == ["suite/{sensor}", "steady/{sensor}", "first/{sensor}"]
    assert found.alerts.root == found.mqtt.client_id == ALONE


def test_the_other_trains_when_it_is_asked(tmp_path: Path) -> None:
    """Not before, for nobody would know when; and it takes what was played faster than time, and the load."""
    found = settings(tmp_path, config_learning(URL, 300))
    assert why_never(found) == ""
    assert (found.learning.first_after_seconds, found.learning.steps) == (DAY, 300)
    assert found.limits.allowed_lateness_seconds == 2 * DAY
    assert [one.topic for one in found.sources] == [
        "suite/{sensor}",
        "steady/{sensor}",
        "plant/{line}/{sensor}/state",
    ]
    assert found.alerts.root == found.mqtt.client_id == LEARNING
