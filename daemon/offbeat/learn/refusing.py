"""Playing calibrated surprises through the fusion once more, to learn what its sums look like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.fusion import Fusion
from offbeat.core.own_measure import OwnMeasure, surprise_of
from offbeat.core.streams.registry import TRACKS

Floats = NDArray[np.float32]


def refuse(
    commission: Commission, raw: Mapping[str, Floats], times_seconds: Mapping[str, NDArray[np.float64]]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the fused surprise g and the severity F of each sensor's rows, [n, Q] each, by sensor id.

    The same `Fusion` as in service, all sensors side by side, row by row.

    Args:
        commission: with calibrated streams.
        raw: raw stream values [n, K] by sensor id, in order of time.
        times_seconds: event times of the same rows [n].
    """
    ids = sorted(raw, key=lambda sensor: -len(raw[sensor]))
    lengths = np.array([len(raw[sensor]) for sensor in ids])
    surprise = [_surprise(commission, sensor, raw[sensor]) for sensor in ids]
    gaps = [np.diff(times_seconds[sensor], prepend=np.nan) for sensor in ids]
    units = np.array([_unit(commission, sensor, gap) for sensor, gap in zip(ids, gaps, strict=True)])
    fused = [np.full((n, len(TRACKS)), np.nan, np.float32) for n in lengths]
    severity = [part.copy() for part in fused]
    fusion, own = Fusion(len(ids), commission.voting), OwnMeasure(len(ids))
    strangers = np.array([commission.row_of(sensor) == 0 for sensor in ids], np.bool_)
    for row in range(int(lengths.max(initial=0))):
        here = np.arange(
            int((lengths > row).sum())
        )  # longest first: those that still have a row are in front
        said, strange = np.stack([surprise[i][row] for i in here]), np.flatnonzero(strangers[here])
        if len(strange):
            said[strange] = own.update(strange, said[strange])
        gap_seconds = np.array([gaps[i][row] for i in here])
        relative = (gap_seconds / units[here]).astype(np.float32)
        answer = fusion.update(here, gap_seconds, relative, said)
        for i in here:
            fused[i][row], severity[i][row] = answer.surprise[i], answer.severity[i]
    return dict(zip(ids, fused, strict=True)), dict(zip(ids, severity, strict=True))


def _surprise(commission: Commission, sensor: str, raw: Floats) -> Floats:
    return surprise_of(commission, np.full(len(raw), commission.row_of(sensor), np.intp), raw)


def _unit(commission: Commission, sensor: str, gaps: NDArray[np.float64]) -> float:
    """Return the unit of a sensor's gaps in seconds; that of a stranger is its own median gap, as in service."""
    row = commission.row_of(sensor)
    longer = gaps[gaps > 0]
    return float(np.median(longer)) if row == 0 and len(longer) else float(commission.gap_unit_seconds[row])
