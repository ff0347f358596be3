"""The contract of a stream of surprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from offbeat.core.commission import Commission

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Round:
    """Rows of one group in which each sensor stands at most once: what a stream sees at a time.

    Attributes:
        sensor: slot, intp [n].
        row: the sensor's row in the commission (0 = unknown sensor), intp [n].
        time_seconds: float64 [n].
        gap: time since the sensor's row before in units of its median gap, float32 [n]; NaN for a first row.
        gap_seconds: the same time in seconds, float64 [n]; NaN for a first row.
        raw: values as measured, float32 [n, C]; 0 where not observed.
        z: robust z-score by the frozen normaliser, not squashed, float32 [n, C]; 0 where not observed.
        mask: bool [n, C].
        center: what the sensor's normaliser takes for its middle, as measured, float32 [n, C].
        constant: channels that never moved when they were commissioned, bool [n, C]; no more is known of them.
        still: those of them that did not move either when the normaliser was learnt again, bool [n, C].
    """

    sensor: NDArray[np.intp]
    row: NDArray[np.intp]
    time_seconds: NDArray[np.float64]
    gap: Floats
    gap_seconds: NDArray[np.float64]
    raw: Floats
    z: Floats
    mask: NDArray[np.bool_]
    center: Floats
    constant: NDArray[np.bool_]
    still: NDArray[np.bool_]


class Stream(Protocol):
    """One detector's surprise about each new row, vectorised over sensors.

    State is arrays over sensor slots, all zero for a sensor that was never seen. `update` is called once a
    round, in each sensor's time order; it may not look ahead, read a clock, or keep Python objects per
    sensor. Learned numbers (weights, scales) come from the commission given to the constructor and are
    indexed by `Round.row`.
    """

    names: ClassVar[tuple[str, ...]]
    """Short and stable, one a column: columns of scores.csv and keys of an event's `streams`."""

    track: ClassVar[str]
    """The track of episodes it speaks to: "process", "rhythm" or "stuck"."""

    kinds: ClassVar[tuple[str, ...]]
    """The kind of anomaly each column speaks of, as an event's `kind` names it."""

    def __init__(self, commission: Commission, sensors: int) -> None:
        """Make room for some sensors, judged by what was learnt of their group."""
        ...

    def update(self, rows: Round) -> Floats:
        """Take a round in and return its raw strangeness by column, float32 [n, len(names)].

        Larger is stranger, NaN is no opinion.
        """
        ...

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state by name, each [S, ...], for snapshots; views, not copies."""
        ...

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave; fewer sensors than there is room for are the first slots."""
        ...
