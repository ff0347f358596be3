"""Which readings may enter the windows: a pure judgement against the stamped arrival.

Nothing but the reading, its stamp and the limits is looked at, so that the answer is the same in any order,
in any batch and in every replay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from offbeat.core.ledger import Drop

ACCEPT = 0
"""The code of a reading that may enter; others are positions in `REASONS`."""

REASONS: tuple[Drop | None, ...] = (None, Drop.NOT_FINITE, Drop.FUTURE, Drop.LATE)
"""What each code means."""

_NOT_FINITE, _FUTURE, _LATE = 1, 2, 3
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """How far event time may be from arrival.

    Attributes:
        allowed_lateness_seconds: a reading older than this when it arrives is late.
        max_future_seconds: one further ahead is of a wrong clock, and would block its window for ever.
    """

    allowed_lateness_seconds: float
    max_future_seconds: float


def admit(
    time_seconds: NDArray[np.float64],
    arrival_seconds: NDArray[np.float64],
    value: NDArray[np.floating],
    limits: AdmissionLimits,
) -> NDArray[np.int8]:
    """Return a code for each reading: `ACCEPT`, or the position of its reason in `REASONS`.

    Args:
        time_seconds: event time, [N].
        arrival_seconds: when the message entered the log, [N].
        value: as decoded, before it becomes a float32, [N].
        limits: both bounds are inclusive.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is judged so below
        age = arrival_seconds - time_seconds
    codes = np.where(age > limits.allowed_lateness_seconds, np.int8(_LATE), np.int8(ACCEPT))
    codes[age < -limits.max_future_seconds] = _FUTURE
    codes[~(np.abs(value) <= _LARGEST) | ~np.isfinite(age)] = _NOT_FINITE
    return codes


def refusals(codes: NDArray[np.int8]) -> dict[Drop, int]:
    """Return how many readings were refused by reason; reasons that did not occur are left out."""
    counts = np.bincount(codes, minlength=len(REASONS))
    return {reason: int(n) for reason, n in zip(REASONS, counts, strict=True) if reason is not None and n}
