"""What the daemon has heard, as recordings to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from offbeat.config.settings import Settings
from offbeat.core.joining import join
from offbeat.core.readings import ReadingBatch
from offbeat.core.sensors import SensorDirectory
from offbeat.errors import ConfigError
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.file import RecordedLog
from offbeat.ingest.inbox import coalesce
from offbeat.replay.series import Series


def journal_recordings(settings: Settings) -> list[Series]:
    """Return the readings of the configured daemon's journal, sensor by sensor; the daemon may run meanwhile.

    Raises:
        ConfigError: there is no journal, or no reading in it.
    """
    folder = settings.state.directory / "journal"
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    batches = _decoded(folder, settings, directory)
    series = [one for batch in coalesce(batches) for one in _by_sensor(folder, directory, batch)]
    if not series:
        raise ConfigError(
            f"{folder}: holds no reading of the configured sources; let the daemon listen for a while, or look at "
            "the topics of [[source]]"
        )
    return series


def _decoded(folder: Path, settings: Settings, directory: SensorDirectory) -> list[ReadingBatch]:
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: there is no journal; let `offbeat run` listen with this configuration first"
        )
    decoder = Decoder(settings.sources, directory, settings.limits)
    return [readings for batch in RecordedLog(folder).read(0) for readings in decoder.decode(batch)]


def _by_sensor(folder: Path, directory: SensorDirectory, batch: ReadingBatch) -> list[Series]:
    group = directory.groups[batch.group]
    rows = join(batch, len(group.channels))
    values = np.where(rows.mask, rows.values, np.float32(np.nan))
    starts = np.flatnonzero(rows.first)
    return [
        Series(group.ids[sensor], group.channels, times, part, str(folder))
        for sensor, times, part in zip(
            rows.sensor[starts].tolist(),
            np.split(rows.time_seconds, starts[1:]),
            np.split(values, starts[1:]),
            strict=True,
        )
    ]
