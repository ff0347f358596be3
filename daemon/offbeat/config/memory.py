"""How much memory the state of all sensors takes, by the settings alone.

An estimate without NumPy, for the check; the core counts its arrays at start.
"""

from __future__ import annotations

from collections.abc import Iterable

from offbeat.config.settings import LimitSettings, SourceSettings

ROW_BYTES = 18
"""Its time, and the time and the score of the verdict on it."""
READING_BYTES = 9
"""A value, its mask, and what was expected."""
STATE_BYTES = 3072
"""What a sensor keeps beside its window: cadence, baselines, calibrations, episodes, carried model state."""


def bytes_per_sensor(window_readings: int, channels: int) -> int:
    """Return the bytes that one sensor's window and state take."""
    return window_readings * (ROW_BYTES + READING_BYTES * channels) + STATE_BYTES


def required_bytes(limits: LimitSettings, sources: Iterable[SourceSettings]) -> int:
    """Return the bytes that the largest fleet these settings allow takes, with its inbox.

    Sensors may all be of the group with the most channels, so that is what is counted.
    """
    widest = max((len(source.channels) for source in sources), default=1) or 1
    return limits.max_sensors * bytes_per_sensor(limits.window_readings, widest) + limits.inbox_bytes
