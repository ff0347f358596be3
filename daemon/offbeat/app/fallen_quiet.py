"""A sensor that stops before it is learnt: its silence may not be judged yet, and what it lacks is not on its way."""

from __future__ import annotations

import math

from offbeat.core.wording import duration

USUAL_GAPS = 10.0
LEAST_SECONDS = 60.0
"""A pause is worth a word from so many usual gaps on, and not before a minute: of a bursty sensor they are short."""


def fallen_quiet(now: float, last_seen: float, usual_gap_seconds: float) -> str:
    """Return for how long a sensor was not heard, in words; empty while nothing tells that from a usual gap.

    Args:
        now: log time.
        last_seen: log time of its last message; not finite = never.
        usual_gap_seconds: median time between its messages; NaN = not known.
    """
    if not math.isfinite(last_seen):
        return ""
    quiet = now - last_seen
    usual = 0.0 if math.isnan(usual_gap_seconds) else usual_gap_seconds
    return f"no reading for {duration(quiet)}" if quiet >= max(LEAST_SECONDS, USUAL_GAPS * usual) else ""
