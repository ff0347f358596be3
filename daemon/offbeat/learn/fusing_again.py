"""Playing calibrated surprises through the fusion once more, to learn what its sums look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.fusion import Fused, Fusion
from offbeat.core.own_measure import OwnMeasure, surprise_of
from offbeat.core.streams.registry import TRACKS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """What the streams said about the rows of one sensor.

    Attributes:
        times_seconds: event times, ascending [n].
        surprise: by stream, calibrated, NaN = no opinion [n, K].
        unit_seconds: the sensor's usual gap.
        is_stranger: it has no law of its own, and is judged by its own measure.
    """

    times_seconds: Doubles
    surprise: Floats
    unit_seconds: float
    is_stranger: bool = False

    @property
    def gaps_seconds(self) -> Doubles:
        """Time since the row before, NaN for the first [n]."""
        return np.diff(self.times_seconds, prepend=np.nan)


def fuse_again(
    commission: Commission, raw: Mapping[str, Floats], times_seconds: Mapping[str, Doubles]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the fused surprise g and the severity F of each sensor's rows, [n, Q] each, by sensor id.

    Args:
        commission: with calibrated streams.
        raw: raw stream values [n, K] by sensor id, in order of time.
        times_seconds: event times of the same rows [n].
    """
    said = [_said(commission, sensor, rows, times_seconds[sensor]) for sensor, rows in raw.items()]
    fused = fuse_side_by_side(said, commission.voting)
    return (
        {sensor: one.surprise for sensor, one in zip(raw, fused, strict=True)},
        {sensor: one.severity for sensor, one in zip(raw, fused, strict=True)},
    )


def fuse_side_by_side(said: Sequence[Said], voting: NDArray[np.bool_] | None) -> list[Fused]:
    """Pass the rows of sensors through one `Fusion` as in service, all side by side, row by row; return it by sensor.

    Args:
        said: about each sensor.
        voting: streams that are heard [K]; None = all.
    """
    order = sorted(range(len(said)), key=lambda index: -len(said[index].times_seconds))
    ordered = [said[index] for index in order]
    lengths = np.array([len(one.times_seconds) for one in ordered], np.intp)
    starts = np.cumsum([0, *lengths[:-1]]) if len(ordered) else lengths
    gap_seconds, gap = _gaps(ordered)
    strangers = np.array([one.is_stranger for one in ordered], np.bool_)
    fusion, own = Fusion(len(ordered), voting), OwnMeasure(len(ordered))
    fused = np.full((len(gap), len(TRACKS)), np.nan, np.float32)
    severity = fused.copy()
    for row in range(int(lengths.max(initial=0))):
        # Longest first: those that still have a row are in front.
        here = np.arange(int(np.count_nonzero(lengths > row)))
        at, strange = starts[here] + row, np.flatnonzero(strangers[here])
        # Not of all surprises joined: they are what a training holds most of, and it has a bound of memory.
        now = np.stack([one.surprise[row] for one in ordered[: len(here)]])
        if len(strange):
            by_fleet = now[strange]
            now[strange] = own.measured(strange, by_fleet)
            own.learn(strange, by_fleet)
        answer = fusion.update(here, gap_seconds[at], gap[at], now)
        fused[at], severity[at] = answer.surprise, answer.severity
    out = {
        index: Fused(fused[start : start + length], severity[start : start + length])
        for index, start, length in zip(order, starts.tolist(), lengths.tolist(), strict=True)
    }
    return [out[index] for index in range(len(said))]


def _gaps(said: Sequence[Said]) -> tuple[Doubles, Floats]:
    """Return the gaps of all rows in seconds and in usual gaps, one sensor after the other."""
    if not said:
        return np.zeros(0), np.zeros(0, np.float32)
    gaps = [one.gaps_seconds for one in said]
    relative = [(gap / one.unit_seconds).astype(np.float32) for gap, one in zip(gaps, said, strict=True)]
    return np.concatenate(gaps), np.concatenate(relative)


def _said(commission: Commission, sensor: str, raw: Floats, times_seconds: Doubles) -> Said:
    """Return what the streams said; the unit of a stranger's gaps is its own median gap, as in service."""
    row = commission.row_of(sensor)
    surprise = surprise_of(commission, np.full(len(raw), row, np.intp), raw)
    gaps = np.diff(times_seconds)
    longer = gaps[gaps > 0]
    stranger = row == 0
    unit = np.median(longer) if stranger and len(longer) else commission.gap_unit_seconds[row]
    return Said(times_seconds, surprise, float(unit), stranger)
