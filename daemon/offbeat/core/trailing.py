"""The trailing calibration: what the last weeks say about a fused surprise. Its p-value opens episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats


class TrailingCalibration:
    """Law of the fused surprise over (slot, track), refitted as rows come, with exponential forgetting.

    A sensor starts from the commission's law of its row as if it had been seen before. Rows are judged before they are
    learnt. It learns anomalies too (winsorised updates were the worst of all tried); `hold` keeps rows out.

    Args:
        commission: calibrated; gives each row's starting law.
        sensors: slots to make room for.
    """

    def __init__(self, commission: Commission, sensors: int) -> None:
        self.sensors = sensors

    def p_value(self, sensor: NDArray[np.intp], row: NDArray[np.intp], fused: Floats) -> NDArray[np.float64]:
        """Return the chance of a fused surprise as large, float64 [n, Q]; NaN where it is NaN. Learns nothing."""
        raise NotImplementedError

    def update(
        self,
        sensor: NDArray[np.intp],
        row: NDArray[np.intp],
        fused: Floats,
        hold: NDArray[np.bool_] | None = None,
    ) -> None:
        """Learn a round in which each sensor stands at most once, except where `hold` [n] or [n, Q] is True."""
        raise NotImplementedError

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget these sensors: they start again from the commission."""
        raise NotImplementedError

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...], for snapshots."""
        raise NotImplementedError

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        raise NotImplementedError
