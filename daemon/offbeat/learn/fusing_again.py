"""Fusing what streams said of past rows once more, to learn what its sums look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.fusion import Fused, Fusion
from offbeat.core.own_measure import OwnMeasure, surprise_of

Floats = NDArray[np.float32]


def fuse_again(commission: Commission, raw: Mapping[str, Floats]) -> dict[str, Fused]:
    """Return what the streams say together of each sensor's rows, by sensor id, as it will be in service.

    Args:
        commission: with calibrated streams.
        raw: raw stream values [n, K] by sensor id, in order of time.
    """
    fusion = Fusion(commission.voting)
    strangers = [sensor for sensor in raw if not commission.row_of(sensor)]
    said = {sensor: _surprise(commission, sensor, rows) for sensor, rows in raw.items()}
    measure_by_own([said[sensor] for sensor in strangers])
    return {sensor: fusion.of(surprise) for sensor, surprise in said.items()}


def measure_by_own(strangers: Sequence[Floats]) -> None:
    """Bring surprises of sensors that have no law of their own to their own measure, in place and side by side.

    Args:
        strangers: surprise by stream of each sensor's rows, by the fleet's law, [n, K] each.
    """
    ordered = sorted(strangers, key=len, reverse=True)
    lengths = np.array([len(rows) for rows in ordered], np.intp)
    own = OwnMeasure(len(ordered))
    for row in range(int(lengths.max(initial=0))):
        # Longest first: those that still have a row are in front.
        here = np.arange(int(np.count_nonzero(lengths > row)))
        by_fleet = np.stack([rows[row] for rows in ordered[: len(here)]])
        for rows, measured in zip(ordered, own.measured(here, by_fleet), strict=False):
            rows[row] = measured
        own.learn(here, by_fleet)


def _surprise(commission: Commission, sensor: str, raw: Floats) -> Floats:
    return surprise_of(commission, np.full(len(raw), commission.row_of(sensor), np.intp), raw)
