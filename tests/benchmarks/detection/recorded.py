"""The recorded sets: found by $OFFBEAT_DATA or beside the project, as folders or in their archive."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from offbeat.replay.labels import Spans, read_labels
from offbeat.replay.recordings import read_recordings
from offbeat.replay.series import Series
from offbeat.replay.splits import Splits, read_splits
from tests.benchmarks.load import ROOT

LABELLED = ("skab", "nab", "lro", "ms_cloud", "smap", "smd8")
"""Sets with labelled events, in the order in which tables show them."""
UNLABELLED = ("iot_telemetry", "conduits")
ARCHIVE = "devset.tar.xz"
UNPACKED = ROOT / "build" / "bench-detection" / "data"


@dataclass(frozen=True, slots=True)
class RecordedSet:
    """One set of recordings.

    Attributes:
        name: of its folder.
        series: in the order of the files.
        labels: events by series.
        splits: where the test part of each series begins.
    """

    name: str
    series: tuple[Series, ...]
    labels: Spans
    splits: Splits


def data_folder() -> Path | None:
    """Return the folder that holds the sets, unpacked once if only their archive is there; None without any."""
    given = Path(os.environ.get("OFFBEAT_DATA") or ROOT.parent / "shared" / "data")
    if any((given / name).is_dir() for name in LABELLED):
        return given
    archive = given if given.name == ARCHIVE else given / ARCHIVE
    if not archive.is_file():
        return None
    if not UNPACKED.is_dir():
        _unpack(archive)
    return UNPACKED


def present(names: tuple[str, ...]) -> list[str]:
    """Return those of the named sets that are there."""
    folder = data_folder()
    return [name for name in names if folder is not None and (folder / name).is_dir()]


def read_set(name: str) -> RecordedSet:
    """Return one set.

    Raises:
        FileNotFoundError: no sets are there.
        ConfigError: a file of the set cannot be used.
    """
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError("no recorded sets are there; name their folder by OFFBEAT_DATA")
    here = folder / name
    series = read_recordings([here]).series
    return RecordedSet(name, series, read_labels(here / "labels.csv"), read_splits(here / "splits.csv"))


def _unpack(archive: Path) -> None:
    """Unpack beside the place and move there, so that a run that was cut off leaves nothing half done."""
    partial = UNPACKED.with_name("data.partial")
    with tarfile.open(archive) as packed:
        packed.extractall(partial, filter="data")
    inner = next((path.parent for path in partial.rglob("skab") if path.is_dir()), partial)
    inner.rename(UNPACKED)
