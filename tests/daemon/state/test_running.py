"""What a running daemon runs by, as commands find it."""

from __future__ import annotations

from pathlib import Path

from offbeat.config.loading import load
from offbeat.config.sensor_choice import SensorChoice
from offbeat.config.settings import MetricsSettings
from offbeat.state.running import FILE, RunningSettings, running_on
from tests.support.configured import configured

EXAMPLE = Path("deploy/examples/offbeat.toml")
"""Shows every option."""


def test_every_option_comes_back_as_it_was(tmp_path: Path) -> None:
    """A difference that is none would be told as a change."""
    (tmp_path / "offbeat.toml").write_text(EXAMPLE.read_text())
    for settings in (load(tmp_path / "offbeat.toml"), configured(tmp_path)):
        running = RunningSettings(tmp_path)
        running.keep(settings)
        found = running_on(tmp_path)
        assert found is not None
        assert (found.settings, found.is_ours) == (settings, True)
        running.close()


def test_what_is_kept_last_counts_until_it_ends(tmp_path: Path) -> None:
    """And nothing after that, though the file stays."""
    running = RunningSettings(tmp_path)
    for choice in (SensorChoice("all"), SensorChoice("top", 7)):
        running.keep(configured(tmp_path, metrics=MetricsSettings(listen="", sensors=choice)))
    found = running_on(tmp_path)
    assert found is not None
    assert found.settings.metrics.sensors == SensorChoice("top", 7)
    running.close()
    assert running_on(tmp_path) is None
    assert (tmp_path / FILE).exists()


def test_what_cannot_be_known_is_not_guessed(tmp_path: Path) -> None:
    """No folder, a folder in the place of the file, and what another release may have written."""
    assert running_on(tmp_path / "nowhere") is None
    running = RunningSettings(tmp_path)
    running.keep(configured(tmp_path))
    text = (tmp_path / FILE).read_text()
    with (tmp_path / FILE).open("w") as file:
        file.write(text.replace('"max_sensors"', '"most_sensors"'))
    assert running_on(tmp_path) is None
    running.close()
    (tmp_path / "other" / FILE).mkdir(parents=True)
    assert running_on(tmp_path / "other") is None
