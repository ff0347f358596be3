"""Recordings in CSV files, plain or gzipped: read fast, refused with the line that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from offbeat.errors import ConfigError
from offbeat.replay.recorded_time import BadTimeError, parse_times
from offbeat.replay.series import Series

TIME_COLUMN = "time"

_DELIMITERS = ",;\t"
_NOT_OBSERVED = frozenset({"", "null", "none", "na", "n/a", "nan", "-nan"})
_WORDS = {"true": 1.0, "false": 0.0}
_LOOKS_LIKE_TIME = frozenset({"timestamp", "ts", "datetime", "date", "time_s", "unix", "epoch", "zeit"})


def read_csv(path: Path, sensor: str) -> Series:
    """Return the rows of one file in their order.

    The first line names the columns: `time` and one or more channels, separated by comma, semicolon or tab.
    An empty cell (or nan, null, na) is not observed; true and false are 1 and 0.

    Args:
        path: the file; a name that ends in .gz is gunzipped.
        sensor: id of the sensor.

    Raises:
        ConfigError: the file is no such table; the message names the line.
    """
    text = _read_text(path)
    header, delimiter = _header(path, text)
    time_index = _time_index(path, header)
    rows = _rows(path, text, delimiter)
    _check_widths(path, text, delimiter, rows, len(header))
    if not rows:
        raise ConfigError(f"{path}:1: there is a header but no row below it; expected a row for each reading")
    columns = list(zip(*rows, strict=True))
    try:
        times = parse_times(columns[time_index])
    except BadTimeError as error:
        line = _line_of(text, delimiter, error.index)
        raise ConfigError(f'{path}:{line}: column "{TIME_COLUMN}": {error}') from None
    channels = [i for i in range(len(header)) if i != time_index]
    values = np.empty((len(rows), len(channels)), np.float32)
    for k, i in enumerate(channels):
        values[:, k] = _numbers(path, text, delimiter, header[i], columns[i])
    return Series(sensor, tuple(header[i] for i in channels), times, values, str(path))


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ConfigError(f"{path}: the gzip file is damaged: {error}; compress it anew") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: byte 0x{data[error.start]:02x} is not UTF-8 text; expected a CSV file in UTF-8: "
            "save it anew in that encoding"
        ) from None
    if not text.strip():
        raise ConfigError(f'{path}: the file is empty; expected a header such as "time,value" and rows')
    return text


def _header(path: Path, text: str) -> tuple[list[str], str]:
    first = next(line for line in text.splitlines() if line.strip())
    delimiter = max(_DELIMITERS, key=lambda mark: (first.count(mark), mark == ","))
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    if "" in header:
        raise ConfigError(
            f"{path}:1: column {header.index('') + 1} has no name; expected a name for each column, as in "
            '"time,temperature"'
        )
    twice = next((name for i, name in enumerate(header) if name in header[:i]), None)
    if twice is not None:
        raise ConfigError(f'{path}:1: two columns are named "{twice}"; give each channel a name of its own')
    return header, delimiter


def _time_index(path: Path, header: list[str]) -> int:
    if TIME_COLUMN not in header:
        found = ", ".join(header[:8]) + (", ..." if len(header) > 8 else "")
        near = next((name for name in header if name.lower() in _LOOKS_LIKE_TIME | {TIME_COLUMN}), None)
        hint = f'rename "{near}" to "{TIME_COLUMN}"' if near else "the first line has to name the columns"
        raise ConfigError(f'{path}:1: no column is named "{TIME_COLUMN}"; found {found}: {hint}')
    if len(header) == 1:
        raise ConfigError(
            f'{path}:1: "{TIME_COLUMN}" is the only column; expected at least one channel beside it, as in '
            '"time,temperature"'
        )
    return header.index(TIME_COLUMN)


def _rows(path: Path, text: str, delimiter: str) -> list[list[str]]:
    """Return the rows below the header, without blank lines."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [row for row in reader if _has_cells(row)][1:]
    except csv.Error as error:
        raise ConfigError(f"{path}: this is no CSV file: {error}") from None


def _has_cells(row: list[str]) -> bool:
    return len(row) > 1 or bool(row and row[0].strip())


def _line_of(text: str, delimiter: str, index: int) -> int:
    """Return the line that a row of `_rows` ends on: only worked out once something is wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines = [reader.line_num for row in reader if _has_cells(row)]
    return lines[index + 1]


def _check_widths(path: Path, text: str, delimiter: str, rows: list[list[str]], width: int) -> None:
    index = next((i for i, row in enumerate(rows) if len(row) != width), None)
    if index is None:
        return
    cells, line = len(rows[index]), _line_of(text, delimiter, index)
    hint = "an empty cell is written as nothing between two separators"
    if index == len(rows) - 1:
        hint = "the file may have been cut off"
    raise ConfigError(f"{path}:{line}: found {cells} cells, expected {width} as in the header; {hint}")


def _numbers(
    path: Path, text: str, delimiter: str, channel: str, cells: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return one channel's values; NaN where not observed or beyond what a float32 holds."""
    try:
        values = np.array([float(cell) if cell else math.nan for cell in cells], np.float64)
        if not any("_" in cell for cell in cells):
            return _finite(values)
    except ValueError:
        pass
    values = np.empty(len(cells), np.float64)
    for i, cell in enumerate(cells):
        try:
            values[i] = _number(cell)
        except ValueError:
            line = _line_of(text, delimiter, i)
            comma = "; decimals are written with a point" if "," in cell else ""
            raise ConfigError(
                f'{path}:{line}: column "{channel}": "{cell[:40]}" is not a number{comma}; expected a '
                "number, or nothing where there was no reading"
            ) from None
    return _finite(values)


def _number(cell: str) -> float:
    word = cell.strip().lower()
    if word in _NOT_OBSERVED:
        return math.nan
    if word in _WORDS:
        return _WORDS[word]
    if "_" in word:  # Python would read 1_000 as a number; nobody writes sensor values so.
        raise ValueError(cell)
    return float(word)


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(values) <= np.finfo(np.float32).max, values, np.nan)
