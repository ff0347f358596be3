"""Recordings in Parquet files, where the extra `parquet` is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.errors import ConfigError, UnavailableError
from offbeat.replay.csv_recordings import TIME_COLUMN
from offbeat.replay.recorded_time import LATEST_SECONDS, BadTimeError, parse_times
from offbeat.replay.series import Series


def read_parquet(path: Path, sensor: str) -> Series:
    """Return the rows of one file in their order; columns as in a CSV recording.

    `time` may be a number of unix seconds, a timestamp (UTC where it has no zone), or RFC 3339 text.

    Raises:
        ConfigError: the file is no such table.
        UnavailableError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UnavailableError(
            f"{path}: reading Parquet needs pyarrow: pip install 'offbeat[parquet]', or give CSV files"
        ) from None
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    names = list(table.column_names)
    if TIME_COLUMN not in names:
        raise ConfigError(f'{path}: no column is named "{TIME_COLUMN}"; found {", ".join(names[:8])}')
    channels = tuple(name for name in names if name != TIME_COLUMN)
    if not channels:
        raise ConfigError(
            f'{path}: "{TIME_COLUMN}" is the only column; expected at least one channel beside it'
        )
    if table.num_rows == 0:
        raise ConfigError(f"{path}: the table has no rows; expected a row for each reading")
    times = _times(path, pa, table.column(TIME_COLUMN))
    values = np.stack([_values(path, pa, name, table.column(name)) for name in channels], axis=1)
    return Series(sensor, channels, times, values.astype(np.float32), str(path))


def _times(path: Path, pa: Any, column: Any) -> NDArray[np.float64]:
    kind = column.type
    if column.null_count:
        raise ConfigError(
            f'{path}: column "{TIME_COLUMN}" is empty in {column.null_count} rows; expected a time in each'
        )
    if pa.types.is_timestamp(kind):
        ticks = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[kind.unit]
        return np.asarray(column.cast(pa.int64()).to_numpy(), np.float64) / ticks
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        times = np.asarray(column.to_numpy(), np.float64)
        if not np.isfinite(times).all() or np.abs(times).max() > LATEST_SECONDS:
            raise ConfigError(
                f'{path}: column "{TIME_COLUMN}" holds numbers that are no unix seconds; divide them'
            )
        return times
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return parse_times(column.to_pylist())
        except BadTimeError as error:
            raise ConfigError(f'{path}: row {error.index + 1}: column "{TIME_COLUMN}": {error}') from None
    raise ConfigError(
        f'{path}: column "{TIME_COLUMN}" is of type {kind}; expected numbers, timestamps or text'
    )


def _values(path: Path, pa: Any, name: str, column: Any) -> NDArray[np.float64]:
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if not numeric and not pa.types.is_decimal(kind):
        raise ConfigError(
            f'{path}: column "{name}" is of type {kind}; expected numbers: drop the column or convert it'
        )
    cast = column.cast(pa.int8()) if pa.types.is_boolean(kind) else column
    values = np.asarray(cast.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    return np.where(np.abs(values) <= np.finfo(np.float32).max, values, np.nan)
