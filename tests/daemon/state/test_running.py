"""What a running daemon runs by, as commands find it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from offbeat.config.loading import load
from offbeat.config.sensor_choice import SensorChoice
from offbeat.config.settings import MetricsSettings
from offbeat.state.running import FILE, MOST_BYTES, RunningSettings, running_on, runs_on
from tests.support.configured import configured
from tests.support.disk import no_file_beyond

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
        assert (found.settings, found.is_ours, found.owns_directory) == (settings, True, True)
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


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "x" * (MOST_BYTES + 1), '{"mqtt": 1e999}', "\0"],
    ids=["nested", "long", "infinite", "zero"],
)
def test_what_somebody_wrote_who_means_ill_is_not_understood(tmp_path: Path, text: str) -> None:
    """And does no harm."""
    running = RunningSettings(tmp_path)
    running.keep(configured(tmp_path))
    (tmp_path / FILE).write_text(text)
    assert running_on(tmp_path) is None


def test_a_pipe_in_its_place_is_not_waited_at(tmp_path: Path) -> None:
    """`check` and `status` would never end."""
    os.mkfifo(tmp_path / FILE)
    assert running_on(tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_whose_daemon_it_is_is_told_by_the_owner_of_the_file_that_was_read(tmp_path: Path) -> None:
    """Not by that of what a link leads to."""
    running = RunningSettings(tmp_path)
    running.keep(configured(tmp_path))
    os.chown(tmp_path / FILE, 12345, -1)
    found = running_on(tmp_path)
    assert found is not None
    assert (found.is_ours, found.owns_directory) == (False, False)
    os.chown(tmp_path, 12345, -1)
    found = running_on(tmp_path)
    assert found is not None
    assert (found.is_ours, found.owns_directory) == (False, True)
    link = tmp_path / "other"
    link.mkdir()
    (link / FILE).symlink_to(tmp_path / FILE)
    assert running_on(link) is None


def test_that_a_daemon_runs_is_known_where_its_settings_are_not_understood(tmp_path: Path) -> None:
    """One of another release; and of one that writes nothing down it is not said that it does not run."""
    assert runs_on(tmp_path) is None
    running = RunningSettings(tmp_path)
    running.keep(configured(tmp_path))
    (tmp_path / FILE).write_text('{"of": "another release"}')
    assert (runs_on(tmp_path), running_on(tmp_path)) == (True, None)
    running.close()
    assert runs_on(tmp_path) is False


def test_what_could_not_be_written_down_leaves_nothing_that_misleads(tmp_path: Path) -> None:
    """At a start the settings of a run before lie there, and at a reload those that are not in force any more."""
    running = RunningSettings(tmp_path)
    for _ in range(2):
        running.keep(configured(tmp_path))
        with no_file_beyond(2), pytest.raises(OSError, match="large"):
            running.keep(configured(tmp_path))
        assert (runs_on(tmp_path), running_on(tmp_path)) == (None, None)
    assert not list(tmp_path.iterdir())
