"""Playing calibrated surprises through the fusion once more, to learn what its sums look like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.fusion import Fusion
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
    units = commission.gap_unit_seconds[[commission.row_of(sensor) for sensor in ids]]
    fused = [np.full((n, len(TRACKS)), np.nan, np.float32) for n in lengths]
    severity = [part.copy() for part in fused]
    fusion = Fusion(len(ids), commission.voting)
    for row in range(int(lengths.max(initial=0))):
        here = np.arange(
            int((lengths > row).sum())
        )  # longest first: those that still have a row are in front
        gap_seconds = np.array([gaps[i][row] for i in here])
        relative = (gap_seconds / units[here]).astype(np.float32)
        answer = fusion.update(here, gap_seconds, relative, np.stack([surprise[i][row] for i in here]))
        for i in here:
            fused[i][row], severity[i][row] = answer.surprise[i], answer.severity[i]
    return dict(zip(ids, fused, strict=True)), dict(zip(ids, severity, strict=True))


def _surprise(commission: Commission, sensor: str, raw: Floats) -> Floats:
    return commission.surprise(np.full(len(raw), commission.row_of(sensor), np.intp), raw)
