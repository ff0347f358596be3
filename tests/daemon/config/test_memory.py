"""The memory that settings ask for."""

from __future__ import annotations

from offbeat.config.memory import bytes_per_sensor, required_bytes
from offbeat.config.settings import LimitSettings, SourceSettings


def test_a_sensor_with_the_usual_window_stays_below_the_bar() -> None:
    """12 KiB for a channel with 256 readings, all state included."""
    assert bytes_per_sensor(256, 1) <= 12 * 1024


def test_the_widest_source_counts_for_all_sensors() -> None:
    """Every sensor might be one of it."""
    limits = LimitSettings(max_sensors=100)
    narrow, wide = SourceSettings(topic="a/{b}"), SourceSettings(topic="c/{d}", channels=("x", "y", "z"))
    assert required_bytes(limits, [narrow, wide]) == 100 * bytes_per_sensor(256, 3) + limits.inbox_bytes
    assert required_bytes(limits, [narrow]) == 100 * bytes_per_sensor(256, 1) + limits.inbox_bytes
