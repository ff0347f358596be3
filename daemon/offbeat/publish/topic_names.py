"""Names of the topics that the daemon publishes on, and sensor ids made safe for them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

LONGEST_LEVEL = 200
"""Characters of a sensor's topic level; ids that would be longer are cut and end in a hash."""
CUT_MARK = "~"
"""Stands before the hash of a cut id; no other level holds it."""

_EMPTY = "%"
_HASH_DIGITS = 32
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]*")
_LEVEL = re.compile(r"(?:[A-Za-z0-9_.\-]|%[0-9A-F]{2})+")


def encode_sensor(sensor: str) -> str:
    """Return a sensor id as one level of a topic.

    Letters, digits, "_", "." and "-" stay, everything else becomes %XX of its UTF-8. Different ids give
    different levels. A level never holds "/", "+", "#", NUL or anything outside ASCII.
    """
    if _PLAIN.fullmatch(sensor) and 0 < len(sensor) <= LONGEST_LEVEL:
        return sensor
    data = sensor.encode("utf-8", "surrogatepass")
    level = quote_from_bytes(data, safe="").replace(CUT_MARK, "%7E") or _EMPTY
    if len(level) <= LONGEST_LEVEL:
        return level
    digest = hashlib.sha256(data).hexdigest()[:_HASH_DIGITS]
    head = level[: LONGEST_LEVEL - len(CUT_MARK) - _HASH_DIGITS]
    return re.sub(r"%.?$", "", head) + CUT_MARK + digest


def decode_sensor(level: str) -> str | None:
    """Return the id that `encode_sensor` made a level from, or None if it was cut or is not one of ours."""
    if level == _EMPTY:
        return ""
    if not _LEVEL.fullmatch(level):
        return None
    try:
        sensor = unquote_to_bytes(level).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return sensor if encode_sensor(sensor) == level else None


@dataclass(frozen=True, slots=True)
class TopicNames:
    """The topics below one root.

    Attributes:
        root: first level or levels, such as "offbeat" or "site1/offbeat".
    """

    root: str

    @property
    def status(self) -> str:
        """Retained: whether the daemon is online; the broker says offline by its last will."""
        return f"{self.root}/status"

    def state(self, sensor: str) -> str:
        """Retained: the last state of a sensor."""
        return f"{self.root}/state/{encode_sensor(sensor)}"

    def alerts(self, sensor: str) -> str:
        """Never retained: the events of a sensor's episodes."""
        return f"{self.root}/alerts/{encode_sensor(sensor)}"
