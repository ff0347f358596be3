"""Where learning ends and playing begins: `--test-from TIME|splits.csv`."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

from offbeat.errors import ConfigError, UsageError
from offbeat.replay.recorded_time import parse_time


@dataclass(frozen=True, slots=True)
class Splits:
    """The time from which each sensor is played; what lies before it is learnt from.

    Attributes:
        default_seconds: of sensors that `by_sensor` does not name; None where it has to name all.
        by_sensor: unix seconds by sensor; infinite where everything is learnt from.
        place: where they came from, for messages.
    """

    default_seconds: float | None = None
    by_sensor: dict[str, float] = field(default_factory=dict)
    place: str = ""

    def test_from(self, sensor: str) -> float:
        """Return the time from which a sensor is played.

        Raises:
            ConfigError: the splits do not name the sensor.
        """
        seconds = self.by_sensor.get(sensor, self.default_seconds)
        if seconds is None:
            raise ConfigError(f'{self.place}: no line for the sensor "{sensor}"; expected "{sensor},TIME"')
        return seconds


def parse_test_from(text: str) -> Splits:
    """Return what `--test-from` means: a time for all sensors, or a CSV file with a time for each.

    Raises:
        UsageError: it is neither a time nor a file that exists.
        ConfigError: the file cannot be used.
    """
    path = Path(text)
    if path.suffix.lower() == ".csv" or path.is_file():
        if not path.is_file():
            raise UsageError(f"--test-from {text}: there is no such file")
        return read_splits(path)
    try:
        return Splits(default_seconds=parse_time(text))
    except ValueError as error:
        raise UsageError(f"--test-from: {error}; or a CSV file with the columns series,test_from") from None


def read_splits(path: Path) -> Splits:
    """Return the splits of a CSV file with the columns `series` and `test_from`; an empty time is never.

    Raises:
        ConfigError: a line cannot be used.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"series", "test_from"} - set(reader.fieldnames or ())
            if missing:
                raise ConfigError(
                    f"{path}:1: no column is named {' or '.join(sorted(missing))}; expected series,test_from"
                )
            by_sensor = {row["series"]: _time(path, reader.line_num, row["test_from"]) for row in reader}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as CSV: {error}") from None
    if not by_sensor:
        raise ConfigError(f"{path}: there is no line below the header; expected one a sensor")
    return Splits(by_sensor=by_sensor, place=str(path))


def _time(path: Path, line: int, cell: str | None) -> float:
    if not (cell or "").strip():
        return math.inf
    try:
        return parse_time(cell or "")
    except ValueError as error:
        raise ConfigError(f'{path}:{line}: column "test_from": {error}') from None
