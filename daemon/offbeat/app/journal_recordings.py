"""What the daemon has heard, as recordings to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offbeat.app.calibrating import nothing_left
from offbeat.config.settings import Settings
from offbeat.core.joining import join
from offbeat.core.readings import ReadingBatch
from offbeat.core.sensors import Group, SensorDirectory
from offbeat.errors import ConfigError, OffbeatError
from offbeat.ingest.decoder import Decoder, directory_of
from offbeat.ingest.file import RecordedLog
from offbeat.ingest.inbox import coalesce
from offbeat.learn.exclusions import Exclusions, LeftOut
from offbeat.learn.reservoir import Reservoir
from offbeat.replay.series import Series

AT_ONCE = 65_536
"""Readings that are put in order together."""

MISSED_MEDIANS = 3.0
"""In a gap so many times as long as usual readings are missing; where the daemon was deaf meanwhile, it is a cut."""


@dataclass(slots=True)
class Heard:
    """What a journal holds of the sensors of one group.

    Attributes:
        group: of the sensors.
        series: one a sensor, as far as there is room for it.
        rows_left_out: by sensor and why, of those that nothing is to be learnt from.
        no_room: sensors that there was no room for.
    """

    group: Group
    series: list[Series] = field(default_factory=list)
    rows_left_out: LeftOut = field(default_factory=LeftOut)
    no_room: frozenset[str] = frozenset()


def journal_recordings(settings: Settings) -> list[Series]:
    """Return the readings of the configured daemon's journal, sensor by sensor; the daemon may run meanwhile.

    Raises:
        ConfigError: there is no journal, or no reading in it.
    """
    folder = settings.state.directory / "journal"
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    batches = [readings for readings, _ in _decoded(folder, settings, directory) if readings is not None]
    series = [
        Series(
            directory.groups[batch.group].ids[sensor],
            directory.groups[batch.group].channels,
            times,
            part,
            str(folder),
        )
        for batch in coalesce(batches)
        for sensor, times, part in _by_sensor(directory, batch)
    ]
    if not series:
        raise _nothing_of(folder)
    return series


def heard_lately(
    settings: Settings, group: int, most_rows: int, exclusions: Exclusions | None = None
) -> Heard:
    """Return what the journal of the configured daemon holds of one group, as far as there is room for it.

    Args:
        settings: of the daemon; it may run meanwhile.
        group: its index.
        most_rows: over all sensors.
        exclusions: what nothing is learnt from.

    Raises:
        ConfigError: there is no journal, or no reading of the group in it.
        OffbeatError: nothing is left of what was heard.
    """
    folder = settings.state.directory / "journal"
    directory = directory_of(settings.sources, settings.limits.max_sensors, settings.state.shards)
    collector = _Collector(directory, group, most_rows, exclusions or Exclusions())
    for readings, deaf_until in _decoded(folder, settings, directory):
        collector.take(readings, deaf_until)
    heard = collector.heard(str(folder))
    if not heard.series:
        left = heard.rows_left_out
        raise OffbeatError(nothing_left(left)) if left.total else _nothing_of(folder)
    return heard


class _Collector:
    """Takes the readings of one group in order and keeps what is to be learnt from."""

    def __init__(
        self, directory: SensorDirectory, group: int, most_rows: int, exclusions: Exclusions
    ) -> None:
        self._directory = directory
        self._group = group
        self._exclusions = exclusions
        self._reservoir = Reservoir(most_rows)
        self._waiting: list[ReadingBatch] = []
        self._waiting_readings = 0
        self._deaf_until: list[float] = []
        self._left_out: dict[str, dict[str, int]] = {}

    def take(self, readings: ReadingBatch | None, deaf_until: float | None) -> None:
        if deaf_until is not None:
            self._deaf_until.append(deaf_until)
        if readings is None or readings.group != self._group:
            return
        self._waiting.append(readings)
        self._waiting_readings += len(readings)
        if self._waiting_readings >= AT_ONCE:
            self._pour()

    def heard(self, place: str) -> Heard:
        self._pour()
        group, deaf = self._directory.groups[self._group], np.array(self._deaf_until)
        series = []
        for sensor, kept in self._reservoir.kept().items():
            missed = _missed(kept.times_seconds, deaf)
            cuts = np.union1d(kept.cuts_seconds, missed)
            series.append(Series(sensor, group.channels, kept.times_seconds, kept.values, place, cuts))
        known = {one.sensor for one in series}
        nothing_left = tuple(sorted(set(self._left_out) - known - self._reservoir.left_out))
        return Heard(group, series, LeftOut(self._left_out, nothing_left), self._reservoir.left_out)

    def _pour(self) -> None:
        for batch in coalesce(self._waiting):
            for slot, times, values in _by_sensor(self._directory, batch):
                self._add(self._directory.groups[self._group], slot, times, values)
        self._waiting, self._waiting_readings = [], 0

    def _add(self, group: Group, slot: int, times: NDArray[np.float64], values: NDArray[np.float32]) -> None:
        sensor = group.ids[slot]
        keep = self._exclusions.keep(sensor, times, group.name)
        if keep.all():
            self._reservoir.add(sensor, times, values)
            return
        counts = self._left_out.setdefault(sensor, {})
        for why, rows in self._exclusions.count(sensor, times, group.name).items():
            counts[why] = counts.get(why, 0) + rows
        begins = np.flatnonzero(np.diff(keep, prepend=keep[:1]))
        for start, end in zip([0, *begins.tolist()], [*begins.tolist(), len(keep)], strict=True):
            if keep[start]:
                self._reservoir.add(sensor, times[start:end], values[start:end])
            else:
                self._reservoir.interrupt(sensor)


def _missed(times: NDArray[np.float64], deaf_until: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the times of rows before which readings are missing for nobody listened."""
    gaps = np.diff(times, prepend=times[:1])
    usual = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else np.inf
    passed = np.searchsorted(deaf_until, times, side="right")
    deaf = np.diff(passed, prepend=passed[:1]) > 0
    return np.unique(times[deaf & (gaps > MISSED_MEDIANS * usual)])


def _nothing_of(folder: Path) -> ConfigError:
    return ConfigError(
        f"{folder}: holds no reading of the configured sources; let the daemon listen for a while, or look at "
        "the topics of [[source]]"
    )


def _decoded(
    folder: Path, settings: Settings, directory: SensorDirectory
) -> Iterator[tuple[ReadingBatch | None, float | None]]:
    """Yield the readings in order; and where the daemon began to listen anew, since when."""
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: there is no journal; let `offbeat run` listen with this configuration first"
        )
    decoder = Decoder(settings.sources, directory, settings.limits)
    for batch in RecordedLog(folder).read(0):
        since = batch.listening_since
        if since is not None and np.isfinite(since):
            yield None, since
        for readings in decoder.decode(batch):
            yield readings, None


def _by_sensor(
    directory: SensorDirectory, batch: ReadingBatch
) -> list[tuple[int, NDArray[np.float64], NDArray[np.float32]]]:
    """Return the rows of a batch by slot."""
    rows = join(batch, len(directory.groups[batch.group].channels))
    values = np.where(rows.mask, rows.values, np.float32(np.nan))
    starts = np.flatnonzero(rows.first)
    return list(
        zip(
            rows.sensor[starts].tolist(),
            np.split(rows.time_seconds, starts[1:]),
            np.split(values, starts[1:]),
            strict=True,
        )
    )
