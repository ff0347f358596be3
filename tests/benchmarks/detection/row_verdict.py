"""Rows that are called anomalous or not, against their labels: F1, false alarm rate, missing alarm rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What calling rows anomalous was worth.

    Attributes:
        f1: harmonic mean of precision and recall; 0 where nothing was found.
        false_alarm_share: of the rows that are not labelled.
        missed_share: of those that are.
    """

    f1: float
    false_alarm_share: float
    missed_share: float

    @classmethod
    def of(cls, labelled: Bools, called: Bools, calm_rows: int = 0) -> RowVerdict:
        """Judge rows.

        Args:
            labelled: anomalous by the labels [n].
            called: anomalous by the detector [n].
            calm_rows: further rows, neither labelled nor called.
        """
        hits = int((labelled & called).sum())
        false, missed = int(called.sum()) - hits, int(labelled.sum()) - hits
        healthy = int((~labelled).sum()) + calm_rows
        return cls(
            f1=2.0 * hits / max(2 * hits + false + missed, 1),
            false_alarm_share=false / max(healthy, 1),
            missed_share=missed / max(hits + missed, 1),
        )
