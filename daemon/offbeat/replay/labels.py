"""Labelled spans beside a recording: `labels.csv` with the columns `series,start,end`."""

from __future__ import annotations

import csv
from pathlib import Path

from offbeat.errors import ConfigError
from offbeat.replay.recorded_time import parse_time

Spans = dict[str, list[tuple[float, float]]]
"""First and last second of each labelled event, both inclusive, by sensor."""


def read_labels(path: Path) -> Spans:
    """Return the labelled events by sensor.

    Raises:
        ConfigError: a line cannot be used.
    """
    spans: Spans = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"series", "start", "end"} - set(reader.fieldnames or ())
            if missing:
                raise ConfigError(
                    f"{path}:1: no column is named {' or '.join(sorted(missing))}; expected series,start,end"
                )
            for row in reader:
                span = _span(path, reader.line_num, row["start"] or "", row["end"] or "")
                spans.setdefault(row["series"], []).append(span)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as CSV: {error}") from None
    return spans


def _span(path: Path, line: int, start: str, end: str) -> tuple[float, float]:
    try:
        first, last = parse_time(start), parse_time(end)
    except ValueError as error:
        raise ConfigError(f"{path}:{line}: {error}") from None
    if last < first:
        raise ConfigError(
            f"{path}:{line}: the event ends at {end}, before it starts at {start}; swap the two"
        )
    return first, last
