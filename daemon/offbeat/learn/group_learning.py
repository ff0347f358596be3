"""How far the learning of a group is, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["off", "gathering", "waiting", "training"]


@dataclass(frozen=True, slots=True)
class GroupLearning:
    """The learning of one group of sensors.

    Attributes:
        stage: "off" it never trains; "gathering" it waits for enough data for its first model; "waiting" for the next
            training; "training" it is at it.
        share: 0 to 1, of the data that a first model needs, or of the training; None where that means nothing.
        eta_seconds: until the first model can be begun, or the training is done; None if nobody knows.
        reason: one sentence: why it is so, or what the training is for.
        next_at: unix seconds of the next training at the latest; None if none is planned.
        last: what came of the last training, in one sentence; empty before the first.
    """

    stage: Stage
    share: float | None = None
    eta_seconds: float | None = None
    reason: str = ""
    next_at: float | None = None
    last: str = ""
