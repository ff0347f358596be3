"""Recordings as the sensors of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from offbeat.config.settings import Settings
from offbeat.core.sensors import UNIVARIATE
from offbeat.replay.recordings import Recorded, read_recordings
from offbeat.replay.series import Series


def recorded_sensors(paths: Sequence[Path], settings: Settings | None) -> Recorded:
    """Return what the files hold.

    With a configuration, columns that a source keeps together are brought into its order, and a file of several
    channels that no source keeps together is taken apart: each column is a sensor of its own, `<file>.<column>`, as
    the daemon names the fields of a message.

    Raises:
        ConfigError: a file cannot be used.
    """
    recorded = read_recordings(paths)
    if settings is None:
        return recorded
    together = {frozenset(source.channels): source.channels for source in settings.sources if source.channels}
    return replace(
        recorded, series=tuple(part for one in recorded.series for part in _as_sensors(one, together))
    )


def _as_sensors(series: Series, together: Mapping[frozenset[str], tuple[str, ...]]) -> list[Series]:
    if len(series.channels) == 1:
        return [series]
    if (order := together.get(frozenset(series.channels))) is not None:
        # A model is of channels in an order: that of the file would fit no group of the daemon.
        index = [series.channels.index(channel) for channel in order]
        return [replace(series, channels=order, values=series.values[:, index])]
    return [
        replace(
            series,
            sensor=f"{series.sensor}.{channel}",
            channels=UNIVARIATE,
            values=series.values[:, i : i + 1],
        )
        for i, channel in enumerate(series.channels)
    ]
