"""All streams in their order: columns of raw values, their names and the track each speaks to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from offbeat.core.commission import Commission
from offbeat.core.streams.adaptive import AdaptiveStream
from offbeat.core.streams.base import Arrays, Floats, Round, Stream
from offbeat.core.streams.drift import DriftStream
from offbeat.core.streams.jump import JumpStream
from offbeat.core.streams.level import LevelStream
from offbeat.core.streams.linear import LinearStream
from offbeat.core.streams.long import LongStream
from offbeat.core.streams.model import ModelStreams
from offbeat.core.streams.novelty import NoveltyStream
from offbeat.core.streams.pace import PaceStream
from offbeat.core.streams.shape import ShapeStream
from offbeat.core.streams.stuck import StuckStream

CHEAP: tuple[type[Stream], ...] = (
    LevelStream,
    AdaptiveStream,
    DriftStream,
    LinearStream,
    JumpStream,
    ShapeStream,
    NoveltyStream,
    PaceStream,
    StuckStream,
)
"""Streams that need no model, in the order of their columns."""

AS_MEASURED: tuple[type[Stream], ...] = (StuckStream,)
"""Those among them that look at values as they were measured, whatever the normaliser."""

TRACKS: tuple[str, ...] = ("process", "rhythm", "stuck")
"""Tracks of episodes, in the order of every [.., Q] array."""

CHEAP_NAMES: tuple[str, ...] = tuple(name for stream in CHEAP for name in stream.names)
STREAM_NAMES: tuple[str, ...] = CHEAP_NAMES + ModelStreams.names + LongStream.names
"""All columns: the cheap streams', then the model's, then the long view's."""

STREAM_TRACKS: tuple[str, ...] = (
    tuple(stream.track for stream in CHEAP for _ in stream.names)
    + ModelStreams.tracks
    + (LongStream.track,) * len(LongStream.names)
)
"""Track of each column of `STREAM_NAMES`."""

STREAM_KINDS: tuple[str, ...] = (
    tuple(kind for stream in CHEAP for kind in stream.kinds) + ModelStreams.kinds + LongStream.kinds
)
"""Kind of anomaly that each column of `STREAM_NAMES` speaks of."""

VALUE_NAMES: tuple[str, ...] = tuple(
    name for name, track in zip(ModelStreams.names, ModelStreams.tracks, strict=True) if track == "process"
)
"""What a model says of values; of gaps it speaks in a track of its own."""


MOVEMENT: tuple[str, ...] = ("unrest", "variance", "shape")
"""Streams that ask how a sensor moves from row to row; most others of the process ask where it is, or where it was."""


def voting(model: bool) -> NDArray[np.bool_]:
    """Return which streams take part in fused surprises, bool [K].

    Args:
        model: what the model says of the rows and windows does, too; the long view does in any case.
    """
    return np.array([model or name not in ModelStreams.names for name in STREAM_NAMES])


class CheapStreams:
    """Every stream of `CHEAP` for one group, as one object.

    Args:
        commission: what was learnt of the group.
        sensors: slots to make room for.
    """

    def __init__(self, commission: Commission, sensors: int) -> None:
        self._streams = tuple(kind(commission, sensors) for kind in CHEAP)

    def update(self, rows: Round) -> Floats:
        """Take a round in; return raw strangeness, float32 [n, len(CHEAP_NAMES)]."""
        return np.concatenate([stream.update(rows) for stream in self._streams], axis=1)

    def reset(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors."""
        for stream in self._streams:
            stream.reset(sensor)

    def begin_anew(self, sensor: NDArray[np.intp]) -> None:
        """Forget what is carried about these sensors in units of their normaliser: it is another one now."""
        for stream in self._streams:
            if not isinstance(stream, AS_MEASURED):
                stream.reset(sensor)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state of all streams, names prefixed by each stream's first column."""
        return {
            f"{stream.names[0]}.{name}": array
            for stream in self._streams
            for name, array in stream.arrays().items()
        }

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave."""
        for stream in self._streams:
            prefix = f"{stream.names[0]}."
            stream.restore({k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)})
