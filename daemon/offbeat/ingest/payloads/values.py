"""What counts as a value: numbers, switches, numbers in quotes; and what says that there is none."""

from __future__ import annotations

import math

MISSING = math.nan
"""There should be a value, and its sender says that it has none."""

STATES = {
    "on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0, "open": 1.0, "closed": 0.0, "close": 0.0,
    "online": 1.0, "offline": 0.0,
}  # fmt: skip
"""Words for two-valued measurements, in lower case."""

MISSING_WORDS = frozenset(("", "unknown", "unavailable", "none", "null", "nan", "n/a"))
_LONGEST_TEXT = 64


def value_of(leaf: object) -> float | None:
    """Return the number that a decoded leaf stands for.

    Returns:
        The number, infinite where it is beyond a float; NaN (`MISSING`) where the sender says that it has no
        value; None where the leaf is something else, such as a name, which is no measurement.
    """
    if isinstance(leaf, (float, int)):  # bool is an int: true is 1
        try:
            return float(leaf)
        except OverflowError:
            return math.inf if leaf > 0 else -math.inf
    if leaf is None:
        return MISSING
    return value_of_text(leaf) if isinstance(leaf, str) else None


def value_of_text(text: str) -> float | None:
    """Return the number that a text stands for, as `value_of` does."""
    if len(text) > _LONGEST_TEXT:
        return None
    word = text.strip().lower()
    state = STATES.get(word)
    if state is not None:
        return state
    if word in MISSING_WORDS:
        return MISSING
    # float() takes digits of every script and underscores between them; payloads have neither.
    if not word.isascii() or "_" in word:
        return None
    try:
        return float(word)
    except ValueError:
        return None
