"""Whether a clock was set: it moved otherwise than a timer that nobody can set."""

from __future__ import annotations

STEP_SECONDS = 5.0
"""A clock that moves so much between two looks was set, not late. Less is what clocks do that are kept right slowly."""


class ClockSteps:
    """Holds a clock against a timer. A machine that slept has set its clock, too: its timer stood still.

    Args:
        now: what the clock says, unix seconds.
        timer: what the timer says at the same moment, monotonic seconds.
    """

    def __init__(self, now: float, timer: float) -> None:
        self._ahead = now - timer

    def look(self, now: float, timer: float) -> float:
        """Return by how many seconds the clock was set since the last look; 0 if it was not."""
        moved, self._ahead = now - timer - self._ahead, now - timer
        return moved if abs(moved) > STEP_SECONDS else 0.0
