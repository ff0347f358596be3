"""What training learns from: one recorded series a sensor, in the units a model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class TrainingError(RuntimeError):
    """Training could not be done with what was given; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SensorSeries:
    """The recorded rows of one sensor, normalised and squashed by `windows.squash`.

    Attributes:
        row: the sensor's row in the model's tables, at least 1.
        times_seconds: ascending, float64 [n].
        x: float32 [n, C]; what stands where nothing was observed is irrelevant.
        mask: bool [n, C], True where observed.
        gap_unit_seconds: the sensor's median gap, > 0.
    """

    row: int
    times_seconds: NDArray[np.float64]
    x: NDArray[np.float32]
    mask: NDArray[np.bool_]
    gap_unit_seconds: float

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times_seconds)

    def part(self, start: int, end: int) -> SensorSeries:
        """Return the rows start..end-1."""
        return SensorSeries(
            self.row,
            self.times_seconds[start:end],
            self.x[start:end],
            self.mask[start:end],
            self.gap_unit_seconds,
        )


def check_series(series: Sequence[SensorSeries], channels: int, rows: int) -> None:
    """Raise `TrainingError` for the first series that cannot be learned from as it stands.

    Args:
        series: what is to be learned from.
        channels: C of the model.
        rows: rows of the model's tables.
    """
    for one in series:
        where = f"the series of row {one.row}"
        if not 1 <= one.row < rows:
            raise TrainingError(f"{where} has no place in a model of {rows} rows; expected 1..{rows - 1}")
        if one.x.shape != (len(one), channels) or one.mask.shape != one.x.shape:
            raise TrainingError(
                f"{where} has values {one.x.shape} and mask {one.mask.shape}; "
                f"expected {(len(one), channels)} for both"
            )
        if not (np.isfinite(one.gap_unit_seconds) and one.gap_unit_seconds > 0):
            raise TrainingError(
                f"{where} has a median gap of {one.gap_unit_seconds} s; expected a number above 0"
            )
        if not np.isfinite(one.times_seconds).all() or (np.diff(one.times_seconds) < 0).any():
            raise TrainingError(
                f"{where} has times that are not ascending and finite; sort it and drop bad times"
            )
        if not np.isfinite(one.x[one.mask]).all():
            raise TrainingError(f"{where} has NaN or infinity among observed values; mark them unobserved")


def check_learnable(series: Sequence[SensorSeries], least_rows: int) -> list[SensorSeries]:
    """Return the series with rows enough to draw a window; raise `TrainingError` if nothing can be learned.

    Args:
        series: checked series.
        least_rows: rows of the shortest window.
    """
    if not series:
        raise TrainingError("no series were given; expected at least one sensor with recorded rows")
    usable = [one for one in series if len(one) >= least_rows and bool(one.mask.any())]
    if not usable:
        longest = max(len(one) for one in series)
        raise TrainingError(
            f"the longest of {len(series)} series has {longest} rows; a window needs {least_rows}: "
            "record for longer"
        )
    if not any(_varies(one) for one in usable):
        raise TrainingError(
            f"every channel of all {len(usable)} usable sensors is constant: there is nothing to learn from; "
            "leave constant sensors to the rules, or record a time in which they move"
        )
    return usable


def _varies(one: SensorSeries) -> bool:
    columns = (one.x[one.mask[:, c], c] for c in range(one.x.shape[1]))
    return any(len(column) > 1 and float(np.ptp(column)) > 1e-6 for column in columns)


def split_by_time(
    series: Sequence[SensorSeries], held_back_share: float, least_rows: int
) -> tuple[list[SensorSeries], list[SensorSeries]]:
    """Return (what to learn from, what to judge by): the last share of each series that can spare it.

    Args:
        series: usable series.
        held_back_share: share of rows to hold back.
        least_rows: rows of the shortest window; a shorter rest stays with the learning part.
    """
    learn, judge = [], []
    for one in series:
        tail = held_back_rows(one, held_back_share, least_rows)
        learn.append(one.part(0, len(one) - tail))
        if tail:
            judge.append(one.part(len(one) - tail, len(one)))
    return learn, judge


def held_back_rows(one: SensorSeries, share: float, least_rows: int) -> int:
    """Return how many rows at the end of a series `split_by_time` holds back."""
    tail = int(len(one) * share)
    return 0 if tail < least_rows or len(one) - tail < least_rows else tail


def gaussian_reference(learn: Sequence[SensorSeries], judge: Sequence[SensorSeries]) -> float:
    """Return the mean NLL of `judge` under a Gaussian for each sensor and channel, fitted on `learn`.

    It is what a model reaches that ignores its window.
    """
    fitted = {one.row: _moments(one) for one in learn}
    total = count = 0.0
    for one in judge:
        mean, sigma = fitted[one.row]
        nll = 0.5 * ((one.x - mean) / sigma) ** 2 + np.log(sigma) + 0.5 * np.log(2 * np.pi)
        total += float(np.where(one.mask, nll, 0.0).sum())
        count += float(one.mask.sum())
    return total / max(count, 1.0)


def _moments(one: SensorSeries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = np.maximum(one.mask.sum(0), 1)
    x = np.where(one.mask, one.x, 0.0).astype(np.float64)
    mean = x.sum(0) / count
    variance = np.where(one.mask, (x - mean) ** 2, 0.0).sum(0) / count
    return mean, np.maximum(np.sqrt(variance), 0.02)


def lag_information(series: Sequence[SensorSeries]) -> float:
    """Return how many nats a value gains from knowing the one before it; about 0 for noise."""
    gained = count = 0.0
    for one in series:
        for c in range(one.x.shape[1]):
            column = one.x[one.mask[:, c], c].astype(np.float64)
            if len(column) < 8 or np.ptp(column) <= 1e-6:
                continue
            centred = column - column.mean()
            lag = float(centred[1:] @ centred[:-1] / (centred @ centred))
            gained += -0.5 * np.log1p(-min(lag * lag, 0.9999)) * len(column)
            count += len(column)
    return float(gained / max(count, 1.0))
