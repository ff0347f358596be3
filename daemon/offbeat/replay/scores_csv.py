"""`scores.csv`: how each recorded row was judged, causally, for programs to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from offbeat.replay.judged import JudgedSeries
from offbeat.replay.recorded_time import time_texts

_ROWS_AT_ONCE = 20_000


def write_scores(path: Path, judged: Sequence[JudgedSeries]) -> int:
    """Write one line a recorded row, sensor by sensor in recorded order; return how many.

    Columns: sensor, time (unix seconds, as recorded), score, p_value, then the surprise (-log10 p) of each
    detector. A cell is empty where nothing was known yet, or where a detector had no opinion.
    """
    names = next((one.names for one in judged if one.names), ())
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_line(["sensor", "time", "score", "p_value", *names]))
        for one in judged:
            file.writelines(_blocks(one, len(names)))
            count += len(one.series)
    return count


def _blocks(judged: JudgedSeries, detectors: int) -> Iterator[str]:
    sensor = _line([judged.series.sensor]).rstrip("\n")
    template = ",%.6g,%.4g" + ",%.4g" * detectors
    for begin in range(0, len(judged.series), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        times = time_texts(judged.series.times_seconds[rows])
        surprise = judged.surprise[rows]
        if surprise.shape[1] != detectors:
            surprise = np.full((len(times), detectors), np.nan, np.float32)
        table = np.column_stack([judged.score[rows], judged.p_value[rows], surprise]).tolist()
        text = "\n".join([template % tuple(numbers) for numbers in table])
        lines = text.replace(",nan", ",").split("\n")
        yield "".join([f"{sensor},{time}{line}\n" for time, line in zip(times, lines, strict=True)])


def _line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
