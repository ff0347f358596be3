"""Numbers, durations and times as a person reads them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_SCALES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_LARGEST_PLAIN = 1e6
_SMALLEST_PLAIN = 1e-3


def number(value: float, digits: int = 4) -> str:
    """Return a number with that many significant digits, without needless zeros: 93.1, 0.0042, 1.2e+07.

    Whole numbers below a million keep all their digits.
    """
    if not math.isfinite(value):
        return "unknown"
    if value == int(value) and abs(value) < _LARGEST_PLAIN:
        return str(int(value))
    if _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
        return trimmed(f"{value:.{decimals}f}")
    return f"{value:.{digits}g}"


def in_step(value: float, step: float) -> str:
    """Return a number rounded to the decimals that matter at a certain step, so that values in a row compare.

    Args:
        value: the number.
        step: the smallest difference that matters; 0 or not finite = unknown.
    """
    if not (math.isfinite(value) and math.isfinite(step)) or step <= 0:
        return number(value)
    decimals = max(-math.floor(math.log10(step)), 0)
    if abs(value) >= _LARGEST_PLAIN or decimals > -math.log10(_SMALLEST_PLAIN) + 1:
        return number(value)
    text = f"{value:.{decimals}f}"
    return "0" if float(text) == 0 else trimmed(text)


def trimmed(text: str) -> str:
    """Return a decimal number without the zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """Return a duration in at most two units: "0.4 s", "12 s", "4 min 10 s", "2 h 3 min", "3 d 4 h"."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 10:
        return f"{number(max(seconds, 0.0), 2)} s"
    left = round(seconds)
    for i, (size, unit) in enumerate(_SCALES):
        if left < size:
            continue
        whole, rest = divmod(left, size)
        if i + 1 == len(_SCALES):
            return f"{whole} {unit}"
        below, below_unit = _SCALES[i + 1]
        part = rest // below
        return f"{whole} {unit} {part} {below_unit}" if part else f"{whole} {unit}"
    return "0 s"


def clock(time_seconds: float, now_seconds: float) -> str:
    """Return a moment as "10:41 UTC", with its date if it is not the day of `now_seconds`."""
    try:
        moment = datetime.fromtimestamp(time_seconds, UTC)
        today = datetime.fromtimestamp(now_seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{number(time_seconds, 12)} s"
    same_day = moment.date() == today.date()
    return f"{moment:%H:%M} UTC" if same_day else f"{moment:%Y-%m-%d %H:%M} UTC"
