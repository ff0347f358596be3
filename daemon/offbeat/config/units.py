"""Quantities as people write them: durations, sizes and budgets.

Every parser raises ValueError with a whole sentence; what a `format_` writes, its parser reads back.
"""

from __future__ import annotations

import math
import re

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
"""Length of each unit of a duration."""

BYTES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
"""Size of each unit of a size."""

PERIODS_PER_WEEK = {"hour": 168.0, "day": 7.0, "week": 1.0, "month": 7 / 30.4375, "year": 7 / 365.25}
"""How many of each period a week holds."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d|w)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)")
_BUDGET = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*([a-z]+)")


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as "30s", "1h30m" or "7d".

    Raises:
        ValueError: it is not a duration.
    """
    stripped = text.strip()
    parts = _DURATION.findall(stripped)
    if not parts or _DURATION.sub("", stripped).strip():
        raise ValueError(
            f'not a duration: "{text}"; write numbers with units (us, ms, s, m, h, d, w), such as "1h30m"'
        )
    return math.fsum(float(number) * SECONDS[unit] for number, unit in parts)


def parse_size(text: str) -> int:
    """Return the bytes of a size such as "64MiB" or "1GiB".

    Raises:
        ValueError: it is not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match or match[2] not in BYTES:
        raise ValueError(
            f'not a size: "{text}"; write a number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as "64MiB"'
        )
    return int(float(match[1]) * BYTES[match[2]])


def parse_budget(text: str) -> float:
    """Return the false alerts per week that a budget such as "1/week" or "0.5/month" allows.

    Raises:
        ValueError: it is not a budget, or it allows none.
    """
    match = _BUDGET.fullmatch(text.strip())
    if not match or match[2] not in PERIODS_PER_WEEK:
        raise ValueError(
            f'not a budget: "{text}"; write how many false alerts a sensor may raise, '
            'such as "1/week", "2/day" or "0.5/month"'
        )
    count = float(match[1])
    if count <= 0:
        raise ValueError(
            f'the budget "{text}" allows no alert at all, which no detector can keep: '
            'allow at least a few a year, such as "3/year"'
        )
    return count * PERIODS_PER_WEEK[match[2]]


def format_duration(seconds: float) -> str:
    """Return seconds as one number with the largest unit that takes no fraction."""
    for unit in ("d", "h", "m", "s", "ms", "us"):
        count = round(seconds / SECONDS[unit])
        if count and math.isclose(count * SECONDS[unit], seconds, rel_tol=1e-12):
            return f"{count}{unit}"
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def format_size(size: int) -> str:
    """Return bytes as one number with the largest unit that takes no fraction."""
    fitting = (unit for unit in ("TiB", "GiB", "MiB", "KiB") if size and size % BYTES[unit] == 0)
    unit = next(fitting, "B")
    return f"{size // BYTES[unit]}{unit}"


def format_budget(per_week: float) -> str:
    """Return a rate per week as a budget."""
    return f"{per_week:g}/week"
