"""Time as payloads write it -> unix seconds."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from offbeat.config.settings import TimeSettings
from offbeat.errors import ConfigError

TimeFormat = Literal["auto", "unix", "unix_ms", "unix_us", "unix_ns", "rfc3339"]

SECONDS_BELOW = 1e11
"""A unix time smaller than this is in seconds: it would be the year 1973 in milliseconds, 5138 in seconds."""
_MILLISECONDS_BELOW = 1e14
_MICROSECONDS_BELOW = 1e17
_UNITS_PER_SECOND: dict[str, float] = {"unix": 1.0, "unix_ms": 1e3, "unix_us": 1e6, "unix_ns": 1e9}
_LONGEST_TEXT = 64


class TimeError(ValueError):
    """A time that cannot be read."""


class TimeReader:
    """Reads the times of one source.

    Args:
        settings: format, and the zone of times that name none.

    Raises:
        ConfigError: there is no such time zone.
    """

    def __init__(self, settings: TimeSettings) -> None:
        self._format: TimeFormat = settings.format
        self._zone = _zone(settings.timezone)

    def seconds(self, value: object) -> float:
        """Return the unix seconds that a decoded value stands for.

        Raises:
            TimeError: it stands for no time, or not in the configured format.
        """
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._number(value)
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
            return self._text(value.strip())
        raise TimeError("expected a number or a text")

    def _number(self, value: float) -> float:
        if self._format == "rfc3339":
            raise TimeError("expected a date, found a number")
        try:
            number = float(value)
        except OverflowError:
            raise TimeError("the number is too large") from None
        if not math.isfinite(number):
            raise TimeError("the number is not finite")
        per_second = _UNITS_PER_SECOND.get(self._format)
        return number / (guess_units_per_second(number) if per_second is None else per_second)

    def _text(self, text: str) -> float:
        if self._format != "rfc3339":
            try:
                number = float(text)
            except ValueError:
                if self._format != "auto":
                    raise TimeError("expected a number") from None
            else:
                return self._number(number)
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)).timestamp()
        except (ValueError, OverflowError):
            raise TimeError("expected a date like 2026-01-31T12:00:00Z") from None


def guess_units_per_second(number: float) -> float:
    """Return in which unit a unix time is, judged by its size: seconds, milli-, micro- or nanoseconds."""
    size = abs(number)
    if size < SECONDS_BELOW:
        return 1.0
    if size < _MILLISECONDS_BELOW:
        return 1e3
    return 1e6 if size < _MICROSECONDS_BELOW else 1e9


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f'there is no time zone "{name}": expected one like "Europe/Berlin" in time.timezone'
        ) from None
