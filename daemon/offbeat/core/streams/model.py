"""What the model's answers say, as streams: value, value_mean, gap, window."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.base import Arrays, Floats


class ModelStreams:
    """Turns likelihoods into raw strangeness. Fed by the pipeline after the scorer answered, in time order.

    Args:
        commission: says which channels are constant, and the horizon in rows.
        sensors: slots to make room for.
    """

    names: ClassVar[tuple[str, ...]] = ("value", "value_mean", "gap", "window")
    tracks: ClassVar[tuple[str, ...]] = ("process", "process", "rhythm", "process")

    def __init__(self, commission: Commission, sensors: int) -> None:
        self.sensors = sensors

    def step(
        self,
        sensor: NDArray[np.intp],
        row: NDArray[np.intp],
        gap: Floats,
        value_nll: Floats | None,
        gap_nll: Floats | None,
    ) -> Floats:
        """Take one round's step answer in; return raw strangeness, float32 [n, 4]; None = the scorer had no answer.

        Args:
            sensor: slots [n].
            row: rows of the commission [n].
            gap: in median gaps [n]; NaN for a first row.
            value_nll: by channel [n, C]; NaN where not observed.
            gap_nll: [n]; NaN for a first row.
        """
        raise NotImplementedError

    def window(self, sensor: NDArray[np.intp], nll: Floats) -> None:
        """Take in the answer to a window job; it is said on every following row until it is stale."""
        raise NotImplementedError

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        raise NotImplementedError

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...], for snapshots."""
        raise NotImplementedError

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        raise NotImplementedError
