"""Small commissions and rounds for tests of the core's judgement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.commissioning import fit_normaliser_and_ridge
from offbeat.core.recording import Recording
from offbeat.core.streams.base import Round

GAP_SECONDS = 60.0


def recording(values: NDArray[np.floating], sensor: str = "a", gap_seconds: float = GAP_SECONDS) -> Recording:
    """Return a recording of one sensor at even gaps; values are [n] or [n, C], NaN = not observed."""
    columns = values.reshape(len(values), -1).astype(np.float32)
    return Recording(sensor, np.arange(len(columns)) * gap_seconds, columns)


def commissioned(*recordings: Recording) -> Commission:
    """Return what is learnt of recordings, without calibrations; channels are c0, c1 and so on."""
    channels = recordings[0].values.shape[1]
    return fit_normaliser_and_ridge(tuple(f"c{i}" for i in range(channels)), recordings)


def round_of(
    commission: Commission,
    sensor: Sequence[int],
    values: NDArray[np.floating],
    gap: Sequence[float],
    time_seconds: float = 0.0,
) -> Round:
    """Return a round; slot s has the commission's row s + 1, or row 0; values [n, C], NaN = not observed."""
    slot = np.array(sensor, np.intp)
    row = np.where(slot < len(commission.sensors), slot + 1, 0)
    raw = values.astype(np.float32)
    mask = np.isfinite(raw)
    raw = np.where(mask, raw, np.float32(0.0))
    return Round(
        sensor=slot,
        row=row,
        time_seconds=np.full(len(slot), time_seconds),
        gap=np.array(gap, np.float32),
        gap_seconds=np.array(gap, np.float64) * commission.gap_unit_seconds[row],
        raw=raw,
        z=commission.normalise(row, raw, mask),
        mask=mask,
        center=commission.center[row],
        constant=commission.constant[row],
        still=commission.constant[row],
    )


def rounds_of_one(commission: Commission, values: NDArray[np.floating], slot: int = 0) -> list[Round]:
    """Return the rows of one sensor at even gaps as rounds; values [n] or [n, C]."""
    columns = values.reshape(len(values), -1)
    return [
        round_of(commission, [slot], columns[i : i + 1], [np.nan if i == 0 else 1.0], i * GAP_SECONDS)
        for i in range(len(columns))
    ]
