"""Memory a sensor-channel takes with a full window: the core's state, the model's, and verdicts for the charts."""

from __future__ import annotations

from pathlib import Path

from offbeat.app.recent_verdicts import RecentVerdicts
from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.pipeline import Pipeline
from offbeat.core.pipeline_settings import CoreSettings
from offbeat.core.recording import Recording
from offbeat.core.sensors import UNIVARIATE, SensorDirectory
from offbeat_models.registry import build, preset
from offbeat_models.scoring import GroupScorer
from tests.benchmarks.table import Line
from tests.benchmarks.trained import recordings

SENSORS = 1000
READINGS = 256
BAR_KIB = 12.0
_READING_BYTES = 8 + 4
"""A time and a value, which nothing can do without."""


def measure(folder: Path) -> list[Line]:
    """Return the one line: as many sensors as slots, each scored, one channel."""
    past: list[Recording] = [one.recording() for one in recordings()[:2]]
    directory = SensorDirectory([UNIVARIATE], SENSORS)
    for number in range(SENSORS):
        directory.admit(0, f"s{number}")
    pipeline = Pipeline(directory, CoreSettings(window_readings=READINGS))
    pipeline.install(0, fit_normaliser_and_ridge(UNIVARIATE, past), ("lstm_vae", ""))
    scorer = GroupScorer(build("lstm_vae", preset("default", 1, 2)), SENSORS)
    core, carried = pipeline.state_bytes_per_sensor(0) / 1024, scorer.state_bytes / SENSORS / 1024
    verdicts = RecentVerdicts(pipeline).nbytes / SENSORS / 1024
    ours, bare = core + carried + verdicts, READINGS * _READING_BYTES / 1024
    return [
        Line(
            f"memory a sensor-channel, {READINGS} readings, all state",
            f"{ours:.1f} KiB",
            f"times and values alone {bare:.1f} KiB",
            ours / bare,
            "<= 12 KiB",
            ours <= BAR_KIB,
            (
                f"{core:.1f} KiB core, {carried:.2f} KiB the model's carried state, {verdicts:.1f} KiB for charts.",
            ),
        )
    ]
