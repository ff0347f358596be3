"""What goes into the state machines of episodes, and what comes out: marks, and transitions with their reasons."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from offbeat.core.episode_rules import Track

Bools = NDArray[np.bool_]
Keys = NDArray[np.intp]


class Change(IntEnum):
    """What happened to an episode."""

    OPEN = 0
    UPDATE = 1
    CLOSE = 2


class Reason(IntEnum):
    """Why it happened, where the change alone does not say it."""

    STRANGE = 0
    """Opened or updated by a strange row, or by silence."""
    CALM = 1
    """Closed after enough calm rows."""
    QUIET = 2
    """Closed by a tick: no strange row for the quiet time."""
    SETTLED = 3
    """Closed because the change lasts."""
    ESCALATED = 4
    """Closed in favour of a stranger episode, or opened as that one."""
    RETURNED = 5
    """Closed because a silent sensor reported."""
    LABELLED = 6
    """Opened because somebody said that a change that lasts is a fault."""
    CONFIRMED = 7
    """Closed because somebody said that this is the new normal."""
    LASTS = 8
    """Opened and closed at once, to tell of a change that lasts though its episode closed long ago."""
    RETIRED = 9
    """Closed because nothing names the sensor any more."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known about some (sensor, track) pairs at one moment; no pair twice. Columns of equal length.

    Attributes:
        key: sensor slot * number of tracks + track.
        index: the caller's own number for the mark; comes back in the transitions.
        time: the moment in event time (rows) or log time (ticks).
        start: when what is seen here began; becomes `started_at` if the mark opens an episode.
        seen: log time of the moment; the quiet time is measured on it.
        surprise: -log10 p; NaN is no opinion.
        threshold: the surprise that opens.
        score: severity; NaN is no opinion.
    """

    key: Keys
    index: Keys
    time: NDArray[np.float64]
    start: NDArray[np.float64]
    seen: NDArray[np.float64]
    surprise: NDArray[np.float32]
    threshold: NDArray[np.float32]
    score: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of marks."""
        return len(self.key)

    def where(self, keep: Bools) -> Marks:
        """Return the marks that are to be kept."""
        return Marks(*(getattr(self, f.name)[keep] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of one episode: small, rare, and all that is needed to write its event.

    Attributes:
        index: the mark's index; -1 when a tick's quiet time caused it.
        score, surprise: the strangest of the episode so far.
        time: when the change happened; never before the episode's previous change.
    """

    change: Change
    reason: Reason
    sensor: int
    track: Track
    index: int
    started: float
    time: float
    score: float
    surprise: float
    severity: int

    @property
    def lasts(self) -> bool:
        """Whether the episode ends because its change lasts, by itself or by somebody's word: it is told of so."""
        return self.change is Change.CLOSE and self.reason in (Reason.SETTLED, Reason.CONFIRMED)
