"""Read recordings: files or folders of CSV or Parquet, one file a sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from offbeat.errors import ConfigError
from offbeat.replay.csv_recordings import read_csv
from offbeat.replay.parquet_recordings import read_parquet
from offbeat.replay.series import Series

CSV_ENDINGS = (".csv", ".csv.gz")
PARQUET_ENDINGS = (".parquet", ".pq")
NOT_RECORDINGS = frozenset({"labels", "splits"})
"""Stems of tables that lie beside recordings and are left out when a folder is read."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was read.

    Attributes:
        series: one a sensor, in the order of the files.
        warnings: what a person should know, though everything can be used.
    """

    series: tuple[Series, ...]
    warnings: tuple[str, ...]


def read_recordings(paths: Sequence[Path]) -> Recorded:
    """Return what the files hold; a folder stands for all the recordings in it.

    The stem of a file is the sensor's id. Files that have the same channels in another order are brought into
    the order of the first such file.

    Raises:
        ConfigError: a file cannot be used; the message says where and why.
        UnavailableError: a Parquet file is given and pyarrow is not installed.
    """
    files = expand(paths)
    series = _aligned([read_recording(path, sensor) for sensor, path in files.items()])
    return Recorded(tuple(series), tuple(line for one in series for line in remarks(one)))


def expand(paths: Sequence[Path]) -> dict[str, Path]:
    """Return the recordings by sensor that a list of files and folders stands for.

    Raises:
        ConfigError: a folder holds none, a file is of another kind, or two files name one sensor.
    """
    files: dict[str, Path] = {}
    for path in [file for given in paths for file in _files_of(given)]:
        sensor = _stem(path)
        if sensor is None:
            endings = ", ".join(CSV_ENDINGS + PARQUET_ENDINGS)
            raise ConfigError(
                f"{path}: is no recording by its name; expected a folder, or a file in {endings}"
            )
        if sensor in files:
            raise ConfigError(
                f'{path}: the sensor "{sensor}" is recorded in {files[sensor]} too; the name of a file is '
                "its sensor's id: rename or join the two"
            )
        files[sensor] = path
    if not files:
        raise ConfigError("no recording is given; name CSV or Parquet files, or a folder that holds some")
    return files


def read_recording(path: Path, sensor: str) -> Series:
    """Return one file's rows, read by the kind that its name ends in."""
    reader = read_parquet if path.name.lower().endswith(PARQUET_ENDINGS) else read_csv
    return reader(path, sensor)


def remarks(series: Series) -> list[str]:
    """Return what is odd about a recording though it can be used."""
    lines = []
    for channel, column in zip(series.channels, series.values.T, strict=True):
        if not np.isfinite(column).any():
            lines.append(
                f'{series.place}: channel "{channel}" is empty in every row; it will never be judged'
            )
    steps = np.diff(series.times_seconds)
    back, same = int((steps < 0).sum()), int((steps == 0).sum())
    if back:
        lines.append(
            f"{series.place}: time steps back {_times(back)}; such rows enter their window at their own time "
            "and are not judged"
        )
    if same:
        lines.append(f"{series.place}: a time is repeated {_times(same)}; rows of one instant are joined")
    if len(series) == 1:
        lines.append(f"{series.place}: there is one row only; nothing can be learnt from it alone")
    return lines


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file or folder")
        return [path]
    found = sorted(p for p in path.iterdir() if p.is_file() and _stem(p) not in {None, *NOT_RECORDINGS})
    if not found:
        raise ConfigError(
            f"{path}: the folder holds no recording; expected files in .csv, .csv.gz or .parquet"
        )
    return found


def _stem(path: Path) -> str | None:
    name = path.name
    for ending in sorted(CSV_ENDINGS + PARQUET_ENDINGS, key=len, reverse=True):
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return None


def _aligned(series: list[Series]) -> list[Series]:
    """Bring series that have the same channels into one order of them."""
    known: dict[frozenset[str], tuple[str, ...]] = {}
    aligned = []
    for one in series:
        order = known.setdefault(frozenset(one.channels), one.channels)
        if order != one.channels:
            index = [one.channels.index(channel) for channel in order]
            one = replace(one, channels=order, values=one.values[:, index])
        aligned.append(one)
    return aligned
