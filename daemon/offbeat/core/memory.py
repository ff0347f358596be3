"""What the state of sensors costs in memory, asked of the slabs themselves, and whether a budget holds it."""

from __future__ import annotations

from offbeat.core.cadence import Cadence
from offbeat.core.schedule import Schedule
from offbeat.core.windows import Windows

_MIB = 1 << 20


def bytes_per_sensor(readings: int, channels: int, other_bytes: int = 0) -> int:
    """Return the memory one sensor takes once it is there: its window, cadence, schedule and the rest.

    Args:
        readings: rows a window holds.
        channels: channels of the sensor.
        other_bytes: what streams, calibrations and the model's carried state take for one sensor.
    """
    slabs = (Windows(1, readings, channels), Cadence(1), Schedule(1, 1, 1.0))
    return sum(slab.nbytes for slab in slabs) + other_bytes


def check_budget(
    max_sensors: int, readings: int, channels: int, memory_bytes: int | None, other_bytes: int = 0
) -> str | None:
    """Return a sentence that says why a budget cannot hold all sensors and what to do, or None where it can.

    Args:
        max_sensors: as in `limits.max_sensors`.
        readings: as in `limits.window_readings`.
        channels: channels of the widest group.
        memory_bytes: as in `limits.memory`; None is no budget.
        other_bytes: as in `bytes_per_sensor`.
    """
    each = bytes_per_sensor(readings, channels, other_bytes)
    if memory_bytes is None or each * max_sensors <= memory_bytes:
        return None
    fits = memory_bytes // each
    advice = f"lower limits.max_sensors to {fits:,} or " if fits else ""
    return (
        f"limits.memory is {memory_bytes / _MIB:,.0f} MiB, but {max_sensors:,} sensors with {channels} "
        f"{'channel' if channels == 1 else 'channels'} and windows of {readings:,} readings take up to "
        f"{each * max_sensors / _MIB:,.0f} MiB ({each / 1024:.1f} KiB each): "
        f"{advice}raise limits.memory, or shorten limits.window_readings."
    )
